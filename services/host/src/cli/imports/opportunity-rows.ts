// A row, an opportunity with all that the other system knows of it, its end included.
import { opportunityContract } from '@kams/contracts/accounts/opportunity';
import { cellReaders, columnOf, isFlaw, needed, type CellReaders, type Flaw, type Read } from './cells';
import type { DayRules, OpportunitiesMapping, Source } from './mapping';
import { RowByRow } from './row-by-row';
import { flawOf, type RowCommand, type RowSink } from './row-command';

const schema = opportunityContract.commands.Import.data;

export class OpportunityRows extends RowByRow<RowCommand> {
  readonly #readers: ReturnType<typeof readersOf>;

  constructor(
    private readonly mapping: OpportunitiesMapping,
    columns: readonly string[],
    out: RowSink<RowCommand>,
  ) {
    super(columns, out, 'opportunity');
    this.#readers = readersOf(mapping, cellReaders(columns, mapping));
  }

  protected commandOf(cells: readonly string[], line: number): RowCommand | Flaw {
    const read = Object.entries(this.#readers).map(([name, of]) => [name, of(cells)] as const);
    const flaw = read.find(([, value]) => isFlaw(value));
    if (flaw) return flaw[1] as Flaw;

    const said = Object.fromEntries(read.filter(([, value]) => value !== undefined));
    const { key, accountKey, productRef, outcome, closedOn, wonFor, reasonCode, competitorId, ...deal } = said;
    const { externalId, account, source } = this.mapping;
    const { data, error } = schema.safeParse({
      externalId: { ...externalId, value: key },
      account: { ...account, value: accountKey },
      productRefs: productRef === undefined ? [] : [productRef],
      ...deal,
      ...(outcome === 'won' && { end: { outcome, closedOn, amount: wonFor } }),
      // Any other word for an end is told as what it is: none that the contract has.
      ...(outcome !== undefined && outcome !== 'won' && { end: { outcome, closedOn, reasonCode, competitorId } }),
      ...(source && { source }),
    });
    if (error) return flawOf(error.issues, (path) => this.#columnOf(path));
    return this.said.flaw(data.externalId.value, line, data) ?? { data, lines: [line] };
  }

  #columnOf([first, second]: readonly PropertyKey[]): string | undefined {
    const { externalId, account, productRef, end, ...fields } = this.mapping;
    const columns: Readonly<Record<string, Source | undefined>> = {
      ...{ stage: fields.stage, name: fields.dealName, ownerId: fields.ownerId, openedOn: fields.openedOn },
      ...{ expectedClose: fields.expectedClose, amount: fields.amount, productRefs: productRef },
      ...{ externalId: externalId.value, account: account.value },
    };
    const source = first === 'end' ? end?.[second as keyof typeof end] : columns[String(first)];
    return source && columnOf(source);
  }
}

function readersOf(mapping: OpportunitiesMapping, { text, day, money }: CellReaders) {
  const { externalId, account, stage, productRef, dealName, ownerId, openedOn, expectedClose, amount, end } = mapping;
  const must = (source: Source, why: string) => needed(text(source), columnOf(source), why);
  const may = (source: Source | undefined): Read<string> => (source ? text(source) : nothing);
  const dayOf = (rules: DayRules | undefined): Read<string> => (rules ? day(rules, rules.format) : nothing);
  return {
    key: must(externalId.value, 'it is the key of the opportunity'),
    accountKey: must(account.value, 'an opportunity needs its account'),
    stage: must(stage, 'an opportunity needs its stage'),
    productRef: may(productRef),
    name: may(dealName),
    ownerId: may(ownerId),
    openedOn: dayOf(openedOn),
    expectedClose: dayOf(expectedClose),
    amount: amount ? money(amount) : nothing,
    outcome: may(end?.outcome),
    closedOn: dayOf(end?.closedOn),
    wonFor: end ? money(end.amount) : nothing,
    reasonCode: may(end?.reasonCode),
    competitorId: may(end?.competitorId),
  } satisfies Record<string, Read<unknown>>;
}

const nothing = (): undefined => undefined;
