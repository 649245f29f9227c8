// A service as a list: what it decides, what it shows, what it answers. Everything else follows from it.
import type { Type } from '@nestjs/common';
import type { AnyAggregate, Projection } from '@kams/eventing';

export interface Service {
  /** One word, lower case: the schema of its read models and the second word of its public events. */
  readonly name: string;
  readonly description: string;
  readonly aggregates: readonly AnyAggregate[];
  readonly projections: readonly Projection[];
  /** Its queries, and the commands that a generated route does not fit. */
  readonly controllers: readonly Type[];
}

export const service = (it: Service): Service => it;
