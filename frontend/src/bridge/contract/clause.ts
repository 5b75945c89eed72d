/** One thing that every bridge must do. It throws when the bridge does not. */
export interface Clause {
  name: string
  run(): Promise<void>
}

export function must(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what)
}

export async function rejects(call: Promise<unknown>, what: string): Promise<void> {
  const reason: unknown = await call.then(
    () => undefined,
    (r: unknown) => r,
  )
  must(reason instanceof Error && 'code' in reason && reason.message !== '', what)
}
