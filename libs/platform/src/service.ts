// A service as a list: what it decides, what it shows, what it answers. Everything else follows from it.
import type { Type } from '@nestjs/common';
import { refusedReactions, type AnyAggregate, type Projection, type Reaction, type Timer } from '@kams/eventing';
import { keys } from '@kams/eventing/pure';
import type { AnyContract } from '@kams/contracts/define';
import { GENERAL_POLICY, type Rule } from '@kams/contracts/policy';

export interface Service {
  /** One word, lower case: the schema of its read models and the second word of its public events. */
  readonly name: string;
  readonly description: string;
  readonly aggregates: readonly AnyAggregate[];
  readonly projections: readonly Projection[];
  /** What follows from an event, of its own or of another service. */
  readonly reactions?: readonly Reaction[];
  /** What is due at an instant. */
  readonly timers?: readonly Timer[];
  /** Who may do what with its things; what no rule allows is for administrators alone. */
  readonly policy?: readonly Rule[];
  /** Its queries, and the commands that a generated route does not fit. */
  readonly controllers: readonly Type[];
}

/** What a module brings to the lists of a service. */
export type Part = Partial<Pick<Service, 'aggregates' | 'projections' | 'reactions' | 'timers' | 'policy' | 'controllers'>>;

/**
 * A part that several services may have. It is made of the service's name, and its categories, paths and projections begin with
 * that: services in one process share a store, a server and the names of projections.
 */
export type Module = (service: string) => Part;

/** A service with its modules among its own: `service({ name: 'accounts', modules: [approvals, forms], ... })`. */
export function service({ modules = [], ...it }: Service & { readonly modules?: readonly Module[] }): Service {
  return modules.reduce<Service>((whole, module) => {
    const { aggregates = [], projections = [], reactions = [], timers = [], policy = [], controllers = [] } = module(it.name);
    return {
      ...whole,
      aggregates: [...whole.aggregates, ...aggregates],
      projections: [...whole.projections, ...projections],
      reactions: [...(whole.reactions ?? []), ...reactions],
      timers: [...(whole.timers ?? []), ...timers],
      policy: [...(whole.policy ?? []), ...policy],
      controllers: [...whole.controllers, ...controllers],
    };
  }, it);
}

/** Who may do what in a process with these services. */
export const policyOf = (services: readonly Service[]): readonly Rule[] => [
  ...GENERAL_POLICY,
  ...services.flatMap(({ policy = [] }) => policy),
];

/** All that a service keeps rows of: its views, and its pending timers. */
export const projectionsOf = ({ projections, timers = [] }: Service): readonly Projection[] => [
  ...projections,
  ...timers.map((it) => it.pending),
];

/** What reads events: of its own, or with `over` of another service. */
export const readersOf = (it: Service): readonly Pick<Reaction, 'contracts' | 'over'>[] => [
  ...projectionsOf(it),
  ...(it.reactions ?? []),
];

/** All that a service stores: its aggregates, the keys that they hold, and what a rule refused of its reactions. */
export const contractsOf = ({ name, aggregates, reactions = [] }: Service): readonly AnyContract[] => [
  ...aggregates.flatMap((it) => (it.claims ? [it.contract, keys(it.contract.name).contract] : [it.contract])),
  ...(reactions.length > 0 ? [refusedReactions(name).contract] : []),
];
