package advice

import (
	"context"
	"log/slog"
	"math"
	"time"

	"weightroom/backend"
	"weightroom/backend/advisor"
	"weightroom/backend/store"
)

// Usage is how much somebody has a model read and write in a day.
type Usage struct {
	ID             string  // own, light, daily, heavy, service
	MessagesPerDay float64 // that are answered
	InputPerDay    float64 // tokens read
	OutputPerDay   float64 // tokens written
	Days           int     // of chats on this machine that it rests on; 0: assumed
}

// What one message is assumed to cost where no chats tell: the chat so far is read with each message.
const (
	tokensRead    = 1200
	tokensWritten = advisor.AnswerTokens
)

// usageDays is how far back the person's own chats are counted, and leastMessages how many of them tell anything.
const (
	usageDays     = 30
	leastMessages = 10
)

// usages are the ways to use a model that the calculator offers: the person's own first, where there is one.
func usages(ctx context.Context, history *store.Store) []Usage {
	var all []Usage
	if own, ok := ownUsage(ctx, history, time.Now()); ok {
		all = append(all, own)
	}
	for _, preset := range []struct {
		id       string
		messages float64
	}{{"light", 10}, {"daily", 40}, {"heavy", 150}, {"service", 25_000}} {
		all = append(all, Usage{ID: preset.id, MessagesPerDay: preset.messages, InputPerDay: preset.messages * tokensRead, OutputPerDay: preset.messages * tokensWritten})
	}
	return all
}

// ownUsage counts the answers of the last weeks: what they read is the whole chat before them, as an interface on the
// internet would bill it. False: there are too few.
func ownUsage(ctx context.Context, history *store.Store, now time.Time) (Usage, bool) {
	if history == nil {
		return Usage{}, false
	}
	chats, err := history.Chats(ctx)
	if err != nil {
		slog.Warn("chats not counted", "error", err)
		return Usage{}, false
	}
	var messages, input, output float64
	since, first := now.AddDate(0, 0, -usageDays), now
	for _, c := range chats {
		if c.Updated.Before(since) {
			continue
		}
		all, err := history.Messages(ctx, c.ID)
		if err != nil {
			slog.Warn("a chat not counted", "id", c.ID, "error", err)
			continue
		}
		for _, m := range all {
			if m.Role != backend.RoleAssistant || m.Metrics.Tokens == 0 || m.Created.Before(since) || m.Created.After(now) {
				continue
			}
			messages++
			input += float64(m.Metrics.PromptTokens)
			output += float64(m.Metrics.Tokens)
			if m.Created.Before(first) {
				first = m.Created
			}
		}
	}
	if messages < leastMessages {
		return Usage{}, false
	}
	days := max(1, math.Ceil(now.Sub(first).Hours()/24))
	return Usage{
		ID: "own", MessagesPerDay: math.Round(10*messages/days) / 10, InputPerDay: math.Round(input / days), OutputPerDay: math.Round(output / days), Days: int(days),
	}, true
}
