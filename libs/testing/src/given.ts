// given(facts).when(command).then(facts): the test of a rule reads as the sentence that it is.
import type { AnyContract, CommandData, CommandName, EventOf } from '@kams/contracts/define';
import { Refusal, type Aggregate, type Circumstances, type Found } from '@kams/eventing/pure';

const HERE: Circumstances = {
  id: '00000000-0000-7000-8000-000000000001',
  tenantId: 'acme',
  actor: 'user-1',
  holds: () => true,
  at: '2026-03-02T09:00:00.000Z',
};

export interface Outcome<K extends AnyContract> {
  /** Exactly these facts, in this order; none: nothing to do. */
  then(...facts: readonly EventOf<K>[]): void;
  /** Refused, with this code and at least these details. */
  refused(code: keyof K['refusals'] & string, details?: object): void;
  /** For what `then` and `refused` do not say. */
  readonly facts: readonly EventOf<K>[];
}

export interface Given<K extends AnyContract> {
  /** What the decision looks up: `{ buyer: found(account, ...facts) }`. */
  knowing(found: Readonly<Record<string, Found<unknown> | undefined>>): Given<K>;
  at(circumstances: Partial<Circumstances>): Given<K>;
  when<N extends CommandName<K>>(type: N, data: CommandData<K, N>): Outcome<K>;
}

/** The state after facts; each happened at the instant of the circumstances, by their actor. */
export const stateAfter = <K extends AnyContract, S>(aggregate: Aggregate<K, S>, facts: readonly EventOf<K>[], at = HERE): S =>
  facts.reduce<S>(
    (state, fact, i) =>
      aggregate.evolve[fact.type]!(state, fact.data, {
        eventId: `00000000-0000-7000-9000-${String(i).padStart(12, '0')}`,
        occurredAt: at.at,
        actor: at.actor,
      }) as S,
    aggregate.initial,
  );

/** What a look-up finds of an aggregate that these facts happened to; without facts, nothing. */
export const found = <K extends AnyContract, S>(
  aggregate: Aggregate<K, S>,
  id: string,
  ...facts: readonly EventOf<K>[]
): Found<S> => ({
  id,
  state: stateAfter(aggregate, facts),
  revision: facts.length - 1,
});

export const given =
  <K extends AnyContract, S>(aggregate: Aggregate<K, S>) =>
  (...facts: readonly EventOf<K>[]): Given<K> => {
    const build = (known: object, circumstances: Circumstances): Given<K> => ({
      knowing: (more) => build({ ...known, ...more }, circumstances),
      at: (other) => build(known, { ...circumstances, ...other }),
      when(type, data) {
        let result: readonly EventOf<K>[] | Refusal;
        try {
          const decide = aggregate.decide[type] as unknown as (state: S, data: unknown, at: object) => readonly EventOf<K>[];
          result = decide(stateAfter(aggregate, facts), aggregate.contract.commands[type]!.data.parse(data), {
            ...circumstances,
            ...known,
          });
        } catch (error) {
          if (!(error instanceof Refusal)) throw error;
          result = error;
        }
        return {
          get facts() {
            if (result instanceof Refusal) throw new Error(`refused: ${result.code} ${JSON.stringify(result.details)}`);
            return result;
          },
          then(...expected) {
            expect(result instanceof Refusal ? `refused: ${result.code}` : result.map(stored)).toEqual(expected.map(stored));
          },
          refused(code, details = {}) {
            expect(result instanceof Refusal ? result.code : result).toBe(code);
            expect((result as Refusal).details).toMatchObject(details);
          },
        };
      },
    });
    return build({}, HERE);
  };

/** As the store will have it: JSON knows no undefined. */
const stored = <T>(fact: T): T => JSON.parse(JSON.stringify(fact)) as T;
