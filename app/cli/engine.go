package cli

import (
	"github.com/spf13/cobra"

	"weightroom/backend/engine"
)

// engineCommand is how the supervisor starts our own binary as the engine.
func engineCommand() *cobra.Command {
	var lock string
	cmd := &cobra.Command{
		Use:    "engine",
		Short:  "Run the engine (started by Weightroom itself)",
		Hidden: true,
		Args:   noArgs,
		RunE:   func(*cobra.Command, []string) error { return engine.RunChild(engine.Lock(lock)) },
	}
	cmd.Flags().StringVar(&lock, "lock", string(engine.LockApp), "network lock: kernel or app")
	return cmd
}

// discoverCommand is how Ollama's server asks its own binary, which is ours, for graphics processors.
func discoverCommand() *cobra.Command {
	var dirs []string
	cmd := &cobra.Command{
		Use:    "gpu-discover",
		Short:  "List graphics processors as JSON (started by the engine itself)",
		Hidden: true,
		Args:   noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return engine.Discover(cmd.Context(), dirs, cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringArrayVar(&dirs, "lib-dir", nil, "folder with the engine's libraries")
	return cmd
}
