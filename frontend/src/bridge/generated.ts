import type * as chats from '../../wailsjs/go/app/Chats'
import type * as discover from '../../wailsjs/go/app/Discover'
import type * as downloads from '../../wailsjs/go/app/Downloads'
import type * as lab from '../../wailsjs/go/app/Lab'
import type * as library from '../../wailsjs/go/app/Library'
import type * as machine from '../../wailsjs/go/app/Machine'
import type * as settings from '../../wailsjs/go/app/Settings'
import type { app } from '../../wailsjs/go/models'
import type { Bridge } from './bridge'
import type * as page from './types'

// The types of the page say more than the generated ones (unions instead of strings), so they are written by hand.
// This file holds the two together: it does not compile when a field or a method is in one and not in the other.

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : { missing: Exclude<B, A> }) : { extra: Exclude<A, B> }
type Fields<A, B> = Same<keyof A, keyof B>
type Methods<A, B> = Same<Uncapitalize<keyof A & string>, keyof B>

type Holds<T extends true> = T

export type Generated = [
  Holds<Fields<app.About, page.About>>,
  Holds<Fields<app.CPU, page.CPU>>,
  Holds<Fields<app.Chat, page.Chat>>,
  Holds<Fields<app.ChatOptions, page.ChatOptions>>,
  Holds<Fields<app.ChatSummary, page.ChatSummary>>,
  Holds<Fields<app.Disk, page.Disk>>,
  Holds<Fields<app.Engine, page.Engine>>,
  Holds<Fields<app.GPU, page.GPU>>,
  Holds<Fields<app.LibraryPage, page.Library>>,
  Holds<Fields<app.MachinePage, page.Machine>>,
  Holds<Fields<app.Memory, page.Memory>>,
  Holds<Fields<app.Message, page.Message>>,
  Holds<Fields<app.Model, page.Model>>,
  Holds<Fields<app.Pick, page.Pick>>,
  Holds<Fields<app.Preferences, page.Settings>>,
  Holds<Fields<app.Problem, page.Problem>>,
  Holds<Fields<app.StartReport, page.StartReport>>,
  Holds<Fields<app.Starter, page.Starter>>,
  Holds<Fields<app.Task, page.Task>>,
  Holds<Fields<app.Turn, page.Turn>>,
  Holds<Fields<app.Advice, page.Advice>>,
  Holds<Fields<app.Answer, page.Answer>>,
  Holds<Fields<app.Ask, page.Ask>>,
  Holds<Fields<app.Benchmark, page.Benchmark>>,
  Holds<Fields<app.BitsRow, page.BitsRow>>,
  Holds<Fields<app.CatalogModel, page.CatalogModel>>,
  Holds<Fields<app.CatalogQuant, page.CatalogQuant>>,
  Holds<Fields<app.Choice, page.Choice>>,
  Holds<Fields<app.DriveResult, page.DriveResult>>,
  Holds<Fields<app.FitAnswer, page.FitAnswer>>,
  Holds<Fields<app.FitAsk, page.FitAsk>>,
  Holds<Fields<app.MemoryPlan, page.MemoryPlan>>,
  Holds<Fields<app.Price, page.Price>>,
  Holds<Fields<app.Profile, page.Profile>>,
  Holds<Fields<app.Rejection, page.Rejection>>,
  Holds<Fields<app.SumsAnswer, page.SumsAnswer>>,
  Holds<Fields<app.SumsAsk, page.SumsAsk>>,
  Holds<Fields<app.OtherApp, page.OtherApp>>,
  Holds<Fields<app.OtherModel, page.OtherModel>>,
  Holds<Fields<app.Offer, page.Offer>>,
  Holds<Fields<app.OfferFile, page.OfferFile>>,
  Holds<Fields<app.OfferChoice, page.OfferChoice>>,
  Holds<Fields<app.Download, page.Download>>,
  Holds<Fields<app.Hit, page.Hit>>,
  Holds<Fields<app.Found, page.Found>>,
  Holds<Fields<app.Token, page.Token>>,
  Holds<Fields<app.Connection, page.Connection>>,
  Holds<Fields<app.LedgerPage, page.Ledger>>,
  Holds<Fields<app.ModelDetails, page.ModelDetails>>,
  Holds<Fields<app.TypeShare, page.TypeShare>>,
  Holds<Fields<app.ModelFile, page.ModelFile>>,
  Holds<Fields<app.Damage, page.Damage>>,
  Holds<Fields<app.VerifyReport, page.VerifyReport>>,
  Holds<Fields<app.AdapterRow, page.AdapterRow>>,
  Holds<Fields<app.Adapter, page.Adapter>>,
  Holds<Fields<app.AdapterUse, page.AdapterUse>>,
  Holds<Fields<app.BlindAsk, page.BlindAsk>>,
  Holds<Fields<app.BlindPoint, page.BlindPoint>>,
  Holds<Fields<app.BlindTally, page.BlindTally>>,
  Holds<Fields<app.BlindTest, page.BlindTest>>,
  Holds<Fields<app.BlindVariant, page.BlindVariant>>,
  Holds<Fields<app.BlindVote, page.BlindVote>>,
  Holds<Fields<app.CompareAsk, page.CompareAsk>>,
  Holds<Fields<app.LabComparison, page.LabComparison>>,
  Holds<Fields<app.LabModel, page.LabModel>>,
  Holds<Fields<app.LabQuant, page.LabQuant>>,
  Holds<Fields<app.LabRow, page.LabRow>>,
  Holds<Fields<app.LabSetup, page.LabSetup>>,
  Holds<Fields<app.LabSpeed, page.LabSpeed>>,
  Holds<Fields<app.LabSummary, page.LabSummary>>,
  Holds<Fields<app.LabText, page.LabText>>,
  Holds<Fields<app.LabVerdict, page.LabVerdict>>,
  Holds<Fields<app.SideAsk, page.SideAsk>>,
  Holds<Fields<app.SideColumn, page.SideColumn>>,
  Holds<Fields<app.SideRun, page.SideRun>>,
  Holds<Methods<typeof chats, Bridge['chats']>>,
  Holds<Methods<typeof discover, Bridge['discover']>>,
  Holds<Methods<typeof downloads, Bridge['downloads']>>,
  Holds<Methods<typeof lab, Bridge['lab']>>,
  Holds<Methods<typeof library, Bridge['library']>>,
  Holds<Methods<typeof machine, Bridge['machine']>>,
  Holds<Methods<typeof settings, Bridge['settings']>>,
]
