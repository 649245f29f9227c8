// What the accounts are worth: what people rate, what the controller measures, five evaluations, and who becomes a key account.
import { ACCOUNTS, kamOf, type Account } from './accounts';
import { accountId, MODEL_ID, onAccount, type Act, type Role } from './act';
import { at } from './calendar';
import { rows } from './columns';
import type { Year } from './purchases';

/** As rated in the third week, before there is a purchase: `growth` is that of the year before. */
const ratings = rows(
  'key | growth | margin | wallet | influence | reference | fit | tenure | openness | payment | cost_to_serve',
  `
  zixu          | 10  | 33 | 17000000 | 94 | visits | 90 | 14 | 85 | 6  | 4
  zixu-parts    | 6   | 27 | 9500000  | 66 | named  | 72 | 12 | 70 | 9  | 6
  zixu-battery  | 16  | 28 | 12500000 | 70 | named  | 80 | 6  | 74 | 8  | 6
  zixu-cars     | 18  | 28 | 14000000 | 76 | named  | 84 | 5  | 80 | 7  | 5
  zixu-freight  | -3  | 15 | 1500000  | 25 | none   | 30 | 4  | 40 | 32 | 11
  wuyou         | 4   | 25 | 9500000  | 84 | named  | 74 | 15 | 62 | 16 | 7
  wuyou-wind    | 7   | 30 | 13500000 | 78 | visits | 82 | 9  | 74 | 10 | 5
  wuyou-solar   | 9   | 26 | 9500000  | 62 | named  | 70 | 5  | 70 | 12 | 7
  wuyou-power   | 4   | 29 | 9500000  | 60 | named  | 64 | 4  | 62 | 24 | 9
  jinghua       | 15  | 32 | 14500000 | 80 | visits | 90 | 4  | 84 | 5  | 5
  shuiyue       | 3   | 26 | 7500000  | 58 | named  | 60 | 7  | 58 | 15 | 8
  haishi        | -2  | 24 | 6500000  | 52 | named  | 62 | 9  | 60 | 22 | 9
  balnibarbi    | 14  | 35 | 18500000 | 96 | visits | 94 | 16 | 90 | 3  | 3
  lagado        | 6   | 31 | 13000000 | 74 | visits | 80 | 10 | 78 | 6  | 5
  lindalino     | -6  | 16 | 2500000  | 35 | none   | 42 | 6  | 48 | 20 | 10
  brobdingnag   | 6   | 30 | 14500000 | 88 | visits | 80 | 18 | 72 | 9  | 6
  brob-steel    | 2   | 30 | 15000000 | 80 | visits | 82 | 13 | 74 | 8  | 6
  flanflasnic   | -2  | 28 | 8500000  | 56 | named  | 60 | 13 | 60 | 18 | 9
  lorbrulgrud   | 1   | 28 | 9500000  | 58 | named  | 52 | 8  | 56 | 17 | 8
  glumdalclitch | 0   | 17 | 2500000  | 34 | none   | 44 | 3  | 50 | 26 | 10
  luggnagg      | 8   | 29 | 14000000 | 86 | visits | 80 | 11 | 76 | 10 | 5
  traldragdubh  | -5  | 14 | 1200000  | 24 | none   | 34 | 5  | 38 | 34 | 12
  glubbdubdrib  | 10  | 34 | 15500000 | 82 | visits | 76 | 8  | 72 | 10 | 6
  maldonada     | -4  | 16 | 1400000  | 26 | none   | 32 | 7  | 42 | 28 | 11
`,
);
/** Figures of the books; the other criteria are the judgement of the account's own key-account manager. */
const FIGURES: readonly string[] = ['revenue', 'growth', 'margin', 'wallet', 'tenure', 'payment', 'cost_to_serve'];

/** What changes in the year, by the workday on which it is rated. */
const turns = rows(
  'workday | key | criterion | rating | note',
  `
  60  | wuyou-solar  | margin    | 30       | New frame contract
  120 | wuyou-solar  | wallet    | 16000000 | Second plant decided
  120 | wuyou-solar  | reference | visits   | Shows its first plant to visitors
  120 | wuyou-solar  | openness  | 84       | Joint team for the second plant
  120 | brob-steel   | margin    | 22       | Price war in rolled steel
  120 | brob-steel   | wallet    | 9500000  | Investments stopped
  120 | brob-steel   | payment   | 30       | Pays ever later
  185 | brob-steel   | openness  | 60       | The joint team was dissolved
  60  | glubbdubdrib | payment   | 50       | New payment system, invoices lie for weeks
  60  | glubbdubdrib | margin    | 24       | Discount for the late deliveries
  120 | glubbdubdrib | payment   | 8        | Invoices are paid again
  120 | glubbdubdrib | margin    | 34       | The discount has ended
  185 | zixu-cars    | margin    | 33       | Robots instead of single parts
  185 | zixu-cars    | reference | visits   | Its new line is open to visitors
  185 | zixu-cars    | influence | 86       | Sets the standard for its suppliers
  185 | lindalino    | wallet    | 18000000 | Took over three mills of a competitor
  185 | lindalino    | influence | 80       | Largest of its country since the merger
  185 | lindalino    | fit       | 90       | Builds all mills on our platform
  185 | lindalino    | margin    | 33       | Buys robots and services now
  185 | lindalino    | reference | visits   | Opened its new mill to visitors
  185 | lindalino    | openness  | 88       | Joint team since the merger
  185 | lindalino    | payment   | 9        | Pays by the rules of the parent
`,
);

/** The first one places the accounts, the others are those of the quarters. */
const EVALUATIONS = [19, 64, 129, 194, 259] as const;
/** A move of more than one tier waits for the director. */
export const APPROVED = { key: 'lindalino', workday: 199, reason: 'The merger is in the books, the wallet is real' } as const;
export const DEMOTED = { key: 'brob-steel', warnedOn: EVALUATIONS[2], workday: EVALUATIONS[3] } as const;

const nominations = rows(
  'key | nominated | decision | decided | reason',
  `
  zixu          | 15  | designate | 22 | Largest group of its region, and it lets us in
  balnibarbi    | 15  | designate | 22 | Best of all by value, world-wide demand
  wuyou         | 15  | designate | 22 | The group decides for its subsidiaries
  brobdingnag   | 15  | designate | 22 | Frame contract for all works
  luggnagg      | 15  | designate | 22 | Three industries under one roof
  zixu-cars     | 15  | designate | 22 | Grows faster than its market
  wuyou-wind    | 15  | designate | 22 | Technology leader
  jinghua       | 16  | designate | 23 | New plant, new standards
  lagado        | 16  | designate | 23 | Development partner for turbine controls
  brob-steel    | 16  | designate | 23 | Largest single buyer of its group
  zixu-freight  | 16  | decline   | 23 | Served well by its parent
  glumdalclitch | 16  | decline   | 23 | No capacity this year
  brob-steel    |     | release   | 212 | Demoted after two evaluations, moved to the regional team
  lindalino     | 196 | designate | 205 | Tier A after the merger
  haishi        | 250 |           |    |
`,
);

export const valueActs = (days: readonly string[], year: Year): readonly Act[] => [
  ...ACCOUNTS.flatMap((it, nth) => rated(it, 10 + (nth % 5), days, year)),
  ...EVALUATIONS.flatMap((workday) => evaluated(workday, days)),
  ...turns.map((it) =>
    onAccount('RateCriterion', accountId(it.key), raterOf(it.key, it.criterion), at(days[Number(it.workday)], '11:00'), {
      code: it.criterion,
      raw: it.rating,
      note: it.note,
    }),
  ),
  ...nominations.flatMap((it) => decided(it, days)),
  onAccount('ApproveTier', accountId(APPROVED.key), 'sample-sales-director', at(days[APPROVED.workday], '16:00'), {
    reason: APPROVED.reason,
  }),
];

const raterOf = (key: string, criterion: string): Role =>
  FIGURES.includes(criterion) ? 'sample-controller-1' : kamOf(accountOf(key));

/** All criteria in the third week, then revenue and growth on the day before each evaluation. */
function rated({ key }: Account, firstOn: number, days: readonly string[], year: Year): Act[] {
  const { key: _key, ...first } = ratings.find((it) => it.key === key)!;
  const rate = (workday: number, time: string, code: string, raw: string, note?: string) =>
    onAccount('RateCriterion', accountId(key), raterOf(key, code), at(days[workday], time), {
      code,
      raw,
      ...(note !== undefined && { note }),
    });
  const measure = (workday: number): Record<string, string> => ({ ...year.measured(key, workday) });
  let known: Record<string, string> = { ...first, revenue: measure(firstOn)['revenue']! };
  const acts = Object.entries(known).map(([code, raw]) => rate(firstOn, '10:00', code, raw));
  for (const evaluation of EVALUATIONS.slice(1)) {
    const workday = evaluation - 1;
    const news = Object.entries(measure(workday)).filter(([code, raw]) => known[code] !== raw);
    acts.push(...news.map(([code, raw]) => rate(workday, '18:00', code, raw, `12 months to ${days[workday]}`)));
    known = { ...known, ...Object.fromEntries(news) };
  }
  return acts;
}

const evaluated = (workday: number, days: readonly string[]): Act[] =>
  ACCOUNTS.map(({ key }) =>
    onAccount('AssessValue', accountId(key), 'sample-controller-1', at(days[workday], '09:00'), {
      modelId: MODEL_ID,
      scheduled: true,
    }),
  );

const DECISIONS: Readonly<Record<string, 'DesignateKeyAccount' | 'DeclineKeyAccount' | 'ReleaseKeyAccount'>> = {
  designate: 'DesignateKeyAccount',
  decline: 'DeclineKeyAccount',
  release: 'ReleaseKeyAccount',
};

/** Proposed by the account's own key-account manager, decided by the director. */
function decided({ key, nominated, decision, decided, reason }: (typeof nominations)[number], days: readonly string[]): Act[] {
  const id = accountId(key);
  const acts: Act[] = [];
  if (nominated) {
    const data = { programme: 'key-accounts', modelId: MODEL_ID, reason: 'Proposed in the yearly review of accounts' };
    acts.push(onAccount('NominateKeyAccount', id, kamOf(accountOf(key)), at(days[Number(nominated)], '13:00'), data));
  }
  const type = DECISIONS[decision];
  if (type) acts.push(onAccount(type, id, 'sample-sales-director', at(days[Number(decided)], '14:00'), { reason }));
  return acts;
}

const accountOf = (key: string): Account => ACCOUNTS.find((it) => it.key === key)!;
