// What leaves a service: CloudEvents 1.0, the same on the bus, on /events and in the reference.
import type { AnyContract, EventContract } from '@kams/contracts/define';
import { personalFields } from '@kams/contracts/personal';
import type { Position, Recorded } from '../store/port';
import { categoryOf } from '../store/port';
import { isTraceparent } from '../trace';
import { toMicroseconds, type Occurrence } from './occurrence';

/** Attributes are lower-case letters and digits only, as the specification asks. */
export interface CloudEvent {
  readonly specversion: '1.0';
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly subject: string;
  readonly time: string;
  readonly dataschema: string;
  readonly datacontenttype: 'application/json';
  /** The stream: what orders the events of one aggregate. */
  readonly partitionkey: string;
  readonly sequence: string;
  readonly globalpos: string;
  readonly storeepoch: string;
  readonly correlationid: string;
  readonly causationid: string;
  readonly recordedtime: string;
  readonly tenantid: string;
  readonly actor: string;
  readonly traceparent?: string;
  readonly data: object;
}

/** `kams.accounts.account.registered.v1` */
export const publicType = (service: string, name: string, version: number): string => `kams.${service}.${name}.v${version}`;
const PUBLIC_TYPE = /^kams\.([^.]+)\.(.+)\.v(\d+)$/;
export const topicOf = (service: string): string => `kams.${service}.v1`;

/** The event contracts of a service by the type that is stored. */
const eventsOf = (contracts: readonly AnyContract[]): ReadonlyMap<string, EventContract> =>
  new Map(contracts.flatMap(({ name, events }) => Object.entries(events).map(([type, it]) => [`${name}/${type}`, it] as const)));

/** Turns what is stored into what is public; undefined for what does not leave the service. */
export function publisher(
  service: string,
  contracts: readonly AnyContract[],
  epoch: string,
): (event: Recorded) => CloudEvent | undefined {
  const events = eventsOf(contracts);
  return (event) => {
    const category = categoryOf(event.stream);
    const contract = events.get(`${category}/${event.type}`);
    if (!contract?.public) return undefined;
    const { metadata } = event;
    const type = publicType(service, contract.public, event.schema);
    return {
      specversion: '1.0',
      id: event.id,
      type,
      source: `/kams/${metadata.tenantId}/${service}`,
      subject: `${category}/${event.stream.slice(category.length + 1)}`,
      time: metadata.occurredAt,
      dataschema: `https://schemas.kams.local/${type}/0.json`,
      datacontenttype: 'application/json',
      partitionkey: event.stream,
      sequence: String(event.revision),
      globalpos: event.position,
      storeepoch: epoch,
      correlationid: metadata.correlationId,
      causationid: metadata.causationId,
      recordedtime: event.recordedAt,
      tenantid: metadata.tenantId,
      actor: metadata.actor,
      ...(metadata.traceparent && { traceparent: metadata.traceparent }),
      data: impersonal(contract, event.data),
    };
  };
}

/** The data without what is personal: that leaves no service, sealed or not. */
export function impersonal(contract: EventContract, data: object): object {
  return personalFields(contract.data).reduce<object>((it, { path }) => without(it, path) as object, data);
}

function without(it: unknown, [name, ...rest]: readonly string[]): unknown {
  if (typeof it !== 'object' || it === null || name === undefined) return it;
  if (name === '*') return rest.length === 0 ? [] : (it as unknown[]).map((item) => without(item, rest));
  const { [name]: inner, ...others } = it as Record<string, unknown>;
  return inner === undefined || rest.length === 0 ? others : { ...others, [name]: without(inner, rest) };
}

/** Reads what another service published, in whatever version; undefined for a type that these contracts do not know. */
export function subscriber(service: string, contracts: readonly AnyContract[]): (event: CloudEvent) => Occurrence | undefined {
  const types = new Map(
    contracts.flatMap(({ events }) => Object.entries(events).map(([type, { public: name }]) => [name, type] as const)),
  );
  return (event) => {
    const [, source, name, version] = PUBLIC_TYPE.exec(event.type) ?? [];
    const type = name === undefined || source !== service ? undefined : types.get(name);
    if (type === undefined) return undefined;
    const category = categoryOf(event.partitionkey);
    return {
      type,
      data: event.data,
      eventId: event.id,
      schema: Number(version),
      category,
      id: event.partitionkey.slice(category.length + 1),
      revision: Number(event.sequence),
      position: event.globalpos as Position,
      tenantId: event.tenantid,
      actor: event.actor,
      occurredAt: toMicroseconds(event.time),
      recordedAt: toMicroseconds(event.recordedtime),
      // It may come from a broker, where others write too, and goes on into what is stored.
      traceparent: isTraceparent(event.traceparent) ? event.traceparent : undefined,
    };
  };
}
