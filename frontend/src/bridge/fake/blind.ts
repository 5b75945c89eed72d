import type { LabService } from '../bridge'
import type { BlindPoint, BlindTest, BlindVote, LabModel } from '../types'
import { prompts } from './scenes/lab'
import { noProblem } from './scenes/scene'
import { fail, type FakeWorld } from './world'

const rule =
  'The test ends by itself when the whole interval lies on one side of the middle, when it is narrow enough to say that you can’t tell them apart, or after 40 rounds.'

const answers = [
  'Look at the frame first: cracks hide under dirt around the welds. Spin both wheels and watch the rim against the brake; it should not wander more than a few millimetres. Then pull the chain away from the front ring. If you can see daylight under it, the chain is worn, and the gears with it.',
  'Check the frame for cracks, the wheels for wobble, and the chain for wear. Ride it for ten minutes, brake hard once, and change through all the gears. Ask for the receipt, and look up the number on the frame.',
  'A used bicycle should be checked with care. The brakes, the gears, the wheels and the frame are important. If the bicycle makes noises, it may need to be repaired, which costs money.',
  'First the frame, then the wheels, then the chain. Bring a pump. A low price is no bargain when the gears are worn.',
]

type BlindPart = Pick<
  LabService,
  'blinds' | 'blind' | 'startBlind' | 'askBlind' | 'voteBlind' | 'endBlind' | 'forgetBlind'
>

/** A share with its 95% interval by Wilson's formula. */
function interval(wins: number, n: number): [share: number, low: number, high: number] {
  if (n === 0) return [0.5, 0, 1]
  const z = 1.96
  const p = wins / n
  const middle = (p + (z * z) / (2 * n)) / (1 + (z * z) / n)
  const half = (z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n))) / (1 + (z * z) / n)
  return [p, Math.max(0, middle - half), Math.min(1, middle + half)]
}

interface Hidden {
  test: BlindTest
  /** variant of each place, in the round in hand */
  order: number[]
  votes: BlindVote[]
  wins: number[]
}

/** Blind tests of the stand-in. As in the window, the order stays on this side until the end. */
export function blindOf(world: FakeWorld, installed: readonly LabModel[]): BlindPart {
  const tests = new Map<string, Hidden>()
  let serial = 0

  const find = (id: string): Hidden => {
    const found = tests.get(id)
    if (!found) throw fail('not_found', 'This blind test is gone.', 'Begin a new one.')
    return found
  }

  const shuffled = (n: number): number[] => {
    const order = Array.from({ length: n }, (_, i) => i)
    for (let i = n - 1; i > 0; i--) {
      const j = Math.floor(Math.random() * (i + 1))
      const kept = order[i] ?? 0
      order[i] = order[j] ?? 0
      order[j] = kept
    }
    return order
  }

  const writes = async (id: string, task: string) => {
    const hidden = find(id)
    const steps = hidden.test.variants.length
    for (let i = 0; i < steps; i++) {
      const label = 'Writing the answers'
      world.report({ id: task, kind: 'blind', done: i, total: steps, label })
      await world.wait(20)
    }
    hidden.order = shuffled(steps)
    hidden.test = {
      ...hidden.test,
      round: hidden.test.rounds + 1,
      pace: 60,
      ...{ roundSeconds: 21 * steps, loadSeconds: steps },
      answers: hidden.order.map((v) => answers[v] ?? ''),
    }
    world.ended({ id: task, kind: 'blind', result: id, problem: noProblem })
  }

  const end = (hidden: Hidden): BlindTest => {
    const { test, wins, votes } = hidden
    const decided = wins.reduce((a, b) => a + b, 0)
    const tallies = test.variants.map((v, i) => {
      const [share, low, high] = interval(wins[i] ?? 0, decided)
      return { ref: v.ref, label: v.quant, wins: wins[i] ?? 0, share, low, high }
    })
    const best = [...tallies].sort((a, b) => b.wins - a.wins)[0]
    const clear = best !== undefined && best.low > 1 / test.variants.length
    const names = test.variants.map((v) => v.quant).join(' from ')
    hidden.test = {
      ...test,
      state: 'ended',
      ...{ tallies, votes, prompt: '', answers: [], round: 0, pace: 60 },
      winner: clear ? best.ref : '',
      verdict: clear
        ? `You prefer ${best.label}: ${best.wins} of ${decided} votes.`
        : `You could not tell ${names} in ${test.rounds} rounds.`,
      advice: clear ? '' : 'The advisor now prefers the smaller one where both fit.',
    }
    return hidden.test
  }

  if (world.scene === 'full') {
    const now = world.now()
    const variants = installed.slice(1, 3).map(({ ref, name, quant }) => ({ ref, name, quant }))
    const votes = [0, 1, -1, 0, 1, 0, 1, -1, 0, 0, 1, 1, -1, 0, 1, 0, -1, 1, 0, 0]
    const evidence: BlindPoint[] = []
    const wins = [0, 0]
    votes.forEach((v, i) => {
      if (v >= 0) wins[v] = (wins[v] ?? 0) + 1
      const [share, low, high] = interval(wins[0] ?? 0, (wins[0] ?? 0) + (wins[1] ?? 0))
      evidence.push({ round: i + 1, share, low, high })
    })
    const order = variants.map((v) => v.ref)
    const past = votes.map((choice, i): BlindVote => ({
      prompt: prompts[i % prompts.length]?.text ?? '',
      order,
      choice,
      answers: answers.slice(0, 2),
    }))
    const test: BlindTest = {
      ...{ id: 'blind1', variants, use: 'chat', state: 'open', at: now - 86_400_000, rounds: 20, most: 40, ties: 4 },
      ...{
        enough: false,
        rule,
        sentence: '',
        evidence,
        prompt: '',
        answers: [],
        round: 0,
        pace: 60,
        verdict: '',
        winner: '',
      },
      ...{ tallies: [], votes: [], advice: '', roundSeconds: 0, loadSeconds: 0, ahead: 3 },
    }
    const hidden = { test, order: [], votes: past, wins }
    tests.set(test.id, hidden)
    end(hidden)
  }

  return {
    blinds: async () => [...tests.values()].map((h) => h.test).sort((a, b) => b.at - a.at),
    blind: async (id) => find(id).test,
    startBlind: async (ask) => {
      if (ask.refs.length < 2 || ask.refs.length > 4) {
        throw fail('invalid', 'A blind test needs two to four models.', 'Choose some more, or fewer.')
      }
      const variants = ask.refs
        .map((ref) => installed.find((m) => m.ref === ref))
        .filter((m) => m !== undefined)
        .map(({ ref, name, quant }) => ({ ref, name, quant }))
        .sort((a, b) => a.ref.localeCompare(b.ref))
      const id = `blind${Date.now()}${++serial}`
      const test: BlindTest = {
        ...{ id, variants, use: ask.use, state: 'open', at: world.now(), rounds: 0, most: 40, ties: 0 },
        ...{
          enough: false,
          rule,
          sentence: 'No votes yet.',
          evidence: [],
          prompt: '',
          answers: [],
          round: 0,
          pace: 60,
        },
        ...{ verdict: '', winner: '', tallies: [], votes: [], advice: '' },
        ...{ roundSeconds: 27 * variants.length, loadSeconds: 0, ahead: 3 },
      }
      tests.set(id, { test, order: [], votes: [], wins: variants.map(() => 0) })
      return test
    },
    askBlind: async (id, prompt) => {
      const hidden = find(id)
      const ofUse = prompts.filter((p) => hidden.test.use === '' || p.use === hidden.test.use)
      const next = prompt || (ofUse[hidden.test.rounds % Math.max(1, ofUse.length)]?.text ?? '')
      if (!next) throw fail('invalid', 'There is no prompt.', 'Write one.')
      hidden.test = { ...hidden.test, prompt: next, answers: [] }
      const task = `b${++serial}`
      void writes(id, task)
      return { id: task }
    },
    voteBlind: async (id, choice) => {
      const hidden = find(id)
      const { test, order, wins } = hidden
      if (test.state === 'ended' || test.answers.length === 0)
        throw fail('invalid', 'There is nothing to vote on.', 'Ask for answers first.')
      hidden.votes.push({
        ...{ prompt: test.prompt, choice, answers: test.answers },
        order: order.map((v) => test.variants[v]?.ref ?? ''),
      })
      const winner = order[choice]
      if (winner !== undefined) wins[winner] = (wins[winner] ?? 0) + 1
      const decided = wins.reduce((a, b) => a + b, 0)
      const [share, low, high] = interval(wins[0] ?? 0, decided)
      const rounds = test.rounds + 1
      hidden.test = {
        ...test,
        ...{ rounds, prompt: '', answers: [], round: 0, pace: 60 },
        ties: test.ties + (choice < 0 ? 1 : 0),
        enough: rounds >= test.most || low > 0.5 || high < 0.5,
        evidence: [...test.evidence, { round: rounds, share, low, high }],
        sentence: low > 0.5 || high < 0.5 ? 'You prefer one of them.' : 'So far this could be chance.',
      }
      return hidden.test
    },
    endBlind: async (id) => end(find(id)),
    forgetBlind: async (id) => {
      tests.delete(id)
    },
  }
}
