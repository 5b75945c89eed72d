import type * as chats from '../../wailsjs/go/app/Chats'
import type * as discover from '../../wailsjs/go/app/Discover'
import type * as downloads from '../../wailsjs/go/app/Downloads'
import type * as lab from '../../wailsjs/go/app/Lab'
import type * as library from '../../wailsjs/go/app/Library'
import type * as machine from '../../wailsjs/go/app/Machine'
import type * as alive from '../../wailsjs/go/app/Page'
import type * as settings from '../../wailsjs/go/app/Settings'
import type * as tasks from '../../wailsjs/go/app/Tasks'
import type { app } from '../../wailsjs/go/models'
import type { Bridge } from './bridge'
import type { Payloads } from './events.gen'
import type * as page from './types'

// The types of the page say more than the generated ones (unions instead of strings), so they are written by hand.
// This file holds the two together: it does not compile when a field, a method or an event is in one and not in the
// other, or when its type in the page is not one that Go sends or takes.

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : { missing: Exclude<B, A> }) : { extra: Exclude<A, B> }

/** The keys whose type in the page is wider than in Go, or another one. */
type Wider<Go, Page> = {
  [K in keyof Go & keyof Page]: [Page[K]] extends [Go[K]] ? never : K
}[keyof Go & keyof Page]

/** The same fields, each with Go's type or a narrower one. */
type Narrows<Go, Page> =
  Same<keyof Go, keyof Page> extends true
    ? [Wider<Go, Page>] extends [never]
      ? true
      : { type: Wider<Go, Page> }
    : Same<keyof Go, keyof Page>

/** The methods that take or resolve to something else than Go's. */
type Unlike<Go, Page> = {
  [M in keyof Page]: Page[M] extends (...args: infer PageArgs) => Promise<infer PageResult>
    ? Go[Capitalize<M & string> & keyof Go] extends (...args: infer GoArgs) => Promise<infer GoResult>
      ? [PageArgs, PageResult] extends [GoArgs, GoResult]
        ? never
        : M
      : M
    : M
}[keyof Page]

/** The same methods, each with what Go takes and sends. */
type Serves<Go, Page> =
  Same<Uncapitalize<keyof Go & string>, keyof Page> extends true
    ? [Unlike<Go, Page>] extends [never]
      ? true
      : { method: Unlike<Go, Page> }
    : Same<Uncapitalize<keyof Go & string>, keyof Page>

/** The events whose payload is not what Go sends. */
type Misheard = {
  [K in keyof Payloads & keyof page.Events]: Narrows<Payloads[K], page.Events[K]> extends true ? never : K
}[keyof Payloads & keyof page.Events]

type Holds<T extends true> = T

export type Generated = [
  Holds<Narrows<app.About, page.About>>,
  Holds<Narrows<app.CPU, page.CPU>>,
  Holds<Narrows<app.Chat, page.Chat>>,
  Holds<Narrows<app.ChatDefaults, page.ChatDefaults>>,
  Holds<Narrows<app.ChatOptions, page.ChatOptions>>,
  Holds<Narrows<app.ChatPreset, page.ChatPreset>>,
  Holds<Narrows<app.ChatSummary, page.ChatSummary>>,
  Holds<Narrows<app.ChatBackup, page.ChatBackup>>,
  Holds<Narrows<app.AddedChats, page.AddedChats>>,
  Holds<Narrows<app.FoundChat, page.FoundChat>>,
  Holds<Narrows<app.Disk, page.Disk>>,
  Holds<Narrows<app.Engine, page.Engine>>,
  Holds<Narrows<app.GPU, page.GPU>>,
  Holds<Narrows<app.LibraryPage, page.Library>>,
  Holds<Narrows<app.MachinePage, page.Machine>>,
  Holds<Narrows<app.Memory, page.Memory>>,
  Holds<Narrows<app.Message, page.Message>>,
  Holds<Narrows<app.Model, page.Model>>,
  Holds<Narrows<app.ModelMemory, page.ModelMemory>>,
  Holds<Narrows<app.Pick, page.Pick>>,
  Holds<Narrows<app.Limits, page.Limits>>,
  Holds<Narrows<app.Preferences, page.Settings>>,
  Holds<Narrows<app.Range, page.Range>>,
  Holds<Narrows<app.Problem, page.Problem>>,
  Holds<Narrows<app.StartReport, page.StartReport>>,
  Holds<Narrows<app.Starter, page.Starter>>,
  Holds<Narrows<app.Task, page.Task>>,
  Holds<Narrows<app.Turn, page.Turn>>,
  Holds<Narrows<app.Advice, page.Advice>>,
  Holds<Narrows<app.Answer, page.Answer>>,
  Holds<Narrows<app.Ask, page.Ask>>,
  Holds<Narrows<app.Benchmark, page.Benchmark>>,
  Holds<Narrows<app.BitsRow, page.BitsRow>>,
  Holds<Narrows<app.CatalogModel, page.CatalogModel>>,
  Holds<Narrows<app.CatalogQuant, page.CatalogQuant>>,
  Holds<Narrows<app.Choice, page.Choice>>,
  Holds<Narrows<app.DriveResult, page.DriveResult>>,
  Holds<Narrows<app.FitAnswer, page.FitAnswer>>,
  Holds<Narrows<app.FitAsk, page.FitAsk>>,
  Holds<Narrows<app.MemoryPlan, page.MemoryPlan>>,
  Holds<Narrows<app.Price, page.Price>>,
  Holds<Narrows<app.Profile, page.Profile>>,
  Holds<Narrows<app.QuantVerdict, page.QuantVerdict>>,
  Holds<Narrows<app.Rejection, page.Rejection>>,
  Holds<Narrows<app.RentedCard, page.RentedCard>>,
  Holds<Narrows<app.SumsAnswer, page.SumsAnswer>>,
  Holds<Narrows<app.SumsAsk, page.SumsAsk>>,
  Holds<Narrows<app.OtherApp, page.OtherApp>>,
  Holds<Narrows<app.OtherModel, page.OtherModel>>,
  Holds<Narrows<app.Offer, page.Offer>>,
  Holds<Narrows<app.OfferFile, page.OfferFile>>,
  Holds<Narrows<app.OfferChoice, page.OfferChoice>>,
  Holds<Narrows<app.Download, page.Download>>,
  Holds<Narrows<app.Hit, page.Hit>>,
  Holds<Narrows<app.Found, page.Found>>,
  Holds<Narrows<app.Token, page.Token>>,
  Holds<Narrows<app.Online, page.Online>>,
  Holds<Narrows<app.OpenReason, page.OpenReason>>,
  Holds<Narrows<app.Connection, page.Connection>>,
  Holds<Narrows<app.LedgerPage, page.Ledger>>,
  Holds<Narrows<app.ModelDetails, page.ModelDetails>>,
  Holds<Narrows<app.TemplateChoices, page.TemplateChoices>>,
  Holds<Narrows<app.TemplateFamily, page.TemplateFamily>>,
  Holds<Narrows<app.TypeShare, page.TypeShare>>,
  Holds<Narrows<app.ModelFile, page.ModelFile>>,
  Holds<Narrows<app.Damage, page.Damage>>,
  Holds<Narrows<app.VerifyReport, page.VerifyReport>>,
  Holds<Narrows<app.AdapterRow, page.AdapterRow>>,
  Holds<Narrows<app.Adapter, page.Adapter>>,
  Holds<Narrows<app.AdapterUse, page.AdapterUse>>,
  Holds<Narrows<app.BlindAsk, page.BlindAsk>>,
  Holds<Narrows<app.BlindPoint, page.BlindPoint>>,
  Holds<Narrows<app.BlindTally, page.BlindTally>>,
  Holds<Narrows<app.BlindTest, page.BlindTest>>,
  Holds<Narrows<app.BlindVariant, page.BlindVariant>>,
  Holds<Narrows<app.BlindVote, page.BlindVote>>,
  Holds<Narrows<app.CompareAsk, page.CompareAsk>>,
  Holds<Narrows<app.LabComparison, page.LabComparison>>,
  Holds<Narrows<app.LabModel, page.LabModel>>,
  Holds<Narrows<app.LabQuant, page.LabQuant>>,
  Holds<Narrows<app.LabRow, page.LabRow>>,
  Holds<Narrows<app.LabSetup, page.LabSetup>>,
  Holds<Narrows<app.LabSpeed, page.LabSpeed>>,
  Holds<Narrows<app.LabSummary, page.LabSummary>>,
  Holds<Narrows<app.LabText, page.LabText>>,
  Holds<Narrows<app.LabVerdict, page.LabVerdict>>,
  Holds<Narrows<app.SideAsk, page.SideAsk>>,
  Holds<Narrows<app.SideColumn, page.SideColumn>>,
  Holds<Narrows<app.SideRun, page.SideRun>>,
  Holds<Serves<typeof chats, Bridge['chats']>>,
  Holds<Serves<typeof discover, Bridge['discover']>>,
  Holds<Serves<typeof downloads, Bridge['downloads']>>,
  Holds<Serves<typeof lab, Bridge['lab']>>,
  Holds<Serves<typeof library, Bridge['library']>>,
  Holds<Serves<typeof machine, Bridge['machine']>>,
  Holds<Serves<typeof settings, Bridge['settings']>>,
  Holds<Serves<typeof tasks, Bridge['tasks']>>,
  Holds<Serves<typeof alive, Bridge['page']>>,
  Holds<Same<keyof Payloads, keyof page.Events>>,
  Holds<[Misheard] extends [never] ? true : { event: Misheard }>,
]
