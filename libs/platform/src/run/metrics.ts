// What an operator watches, in the form that Prometheus reads.
import { collectDefaultMetrics, Gauge, Histogram, Registry, register as ofProcess } from 'prom-client';
import type { Position } from '@kams/eventing';
import { numberIn } from '../http/position-token';
import { measureEngine } from './engine-metrics';
import type { Runtime } from './runtime';

export interface Metrics {
  readonly register: Registry;
  readonly requests: Histogram<'method' | 'route' | 'status'>;
}

const known = new WeakMap<Runtime, Metrics>();

/** What a process measures of itself (memory, event loop, collector): for its whole life, for nothing stops that again. */
export const measureProcess = (): void => collectDefaultMetrics({ register: ofProcess });

/** Those of the process too. */
export const allMetricsOf = (runtime: Runtime): Registry => Registry.merge([ofProcess, metricsOf(runtime).register]);

export function metricsOf(runtime: Runtime): Metrics {
  const before = known.get(runtime);
  if (before) return before;
  const register = new Registry();
  const requests = new Histogram({
    name: 'kams_http_request_seconds',
    help: 'Duration of requests, by route (never by address: that would hold ids)',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [register],
  });
  new Gauge({
    name: 'kams_store_head',
    help: 'Position of the last event of the store',
    registers: [register],
    async collect() {
      // A store that is away must not take the other figures with it.
      const head = await runtime.store.head().catch(() => undefined);
      if (head) this.set(numberIn(head.position));
      else this.reset();
    },
  });
  new Gauge({
    name: 'kams_projection_position',
    help: 'Position that a projection has come to',
    labelNames: ['projection'],
    registers: [register],
    collect() {
      for (const it of runtime.projections()) this.set({ projection: it.projection.name }, numberIn(it.position()));
    },
  });
  /** Two figures of one look: both are collected at the same time. */
  let looking: ReturnType<typeof behindOf> | undefined;
  const lags = () => (looking ??= behindOf(runtime).finally(() => (looking = undefined)));
  new Gauge({
    name: 'kams_projection_lag_events',
    help: 'Events that a projection has not looked at yet; with EventStoreDB bytes of its log',
    labelNames: ['projection'],
    registers: [register],
    async collect() {
      this.reset();
      for (const { projection, events } of await lags()) this.set({ projection }, events);
    },
  });
  new Gauge({
    name: 'kams_projection_lag_seconds',
    help: 'Since the first event that a projection has not looked at yet was stored; 0 where there is none',
    labelNames: ['projection'],
    registers: [register],
    async collect() {
      this.reset();
      for (const { projection, seconds } of await lags()) this.set({ projection }, seconds);
    },
  });
  new Gauge({
    name: 'kams_projection_failing',
    help: '1: the projection stands still because of an error',
    labelNames: ['projection'],
    registers: [register],
    collect() {
      for (const it of runtime.projections()) this.set({ projection: it.projection.name }, it.failure() ? 1 : 0);
    },
  });
  new Gauge({
    name: 'kams_relay_position',
    help: 'Position up to which public events were published to a topic of Kafka',
    labelNames: ['topic'],
    registers: [register],
    async collect() {
      this.reset();
      for (const { topic, published } of runtime.relays()) {
        const at = await published().catch(() => undefined);
        if (at !== undefined) this.set({ topic }, numberIn(at));
      }
    },
  });
  new Gauge({
    name: 'kams_relay_lag_events',
    help: 'Events of the log that the relay of a topic has not looked at yet; with EventStoreDB bytes of it',
    labelNames: ['topic'],
    registers: [register],
    async collect() {
      const head = await runtime.store.head().catch(() => undefined);
      this.reset();
      if (!head) return;
      for (const { topic, published } of runtime.relays()) {
        const at = await published().catch(() => undefined);
        if (at !== undefined) this.set({ topic }, behind(head.position, at));
      }
    },
  });
  new Gauge({
    name: 'kams_relay_failing',
    help: '1: nothing comes to the topic because of an error; told by the process that fills it',
    labelNames: ['topic'],
    registers: [register],
    collect() {
      for (const { topic, failure } of runtime.relays()) this.set({ topic }, failure() ? 1 : 0);
    },
  });
  new Gauge({
    name: 'kams_inbox_events',
    help: 'Events of another service that this one has collected from its topic',
    labelNames: ['service', 'producer'],
    registers: [register],
    async collect() {
      this.reset();
      for (const { service, producer, inbox } of runtime.inboxes()) {
        const place = await inbox.place().catch(() => undefined);
        if (place) this.set({ service, producer }, place.position);
      }
    },
  });
  new Gauge({
    name: 'kams_inbox_lag_events',
    help: 'Records of the topic of another service that are not collected yet',
    labelNames: ['service', 'producer'],
    registers: [register],
    async collect() {
      this.reset();
      for (const { service, producer, inbox, lag } of runtime.inboxes()) {
        const behind = await inbox
          .place()
          .then(lag)
          .catch(() => undefined);
        if (behind !== undefined) this.set({ service, producer }, behind);
      }
    },
  });
  new Gauge({
    name: 'kams_inbox_failing',
    help: '1: nothing comes from the topic of another service because of an error; told by the process that collects',
    labelNames: ['service', 'producer'],
    registers: [register],
    collect() {
      for (const { service, producer, failure } of runtime.inboxes()) this.set({ service, producer }, failure() ? 1 : 0);
    },
  });
  new Gauge({
    name: 'kams_parked',
    help: 'Aggregates that wait because an event of theirs can not be handled, by the projection or reaction that holds them back',
    labelNames: ['reader'],
    registers: [register],
    async collect() {
      const counts = await runtime.parked.counts().catch(() => undefined);
      this.reset();
      if (!counts) return; // the database is away: nothing is better than a 0
      for (const { projection } of runtime.projections()) this.set({ reader: projection.name }, counts.get(projection.name) ?? 0);
      for (const [reader, n] of counts) this.set({ reader }, n);
    },
  });
  // Of the whole process: a second runtime is in tests only.
  runtime.stopped.addEventListener('abort', measureEngine(runtime.services, register));
  const metrics = { register, requests };
  known.set(runtime, metrics);
  return metrics;
}

/** Whoever was asked first may be behind what the other has come to since. */
const behind = (head: Position, position: Position): number => Math.max(0, numberIn(head) - numberIn(position));

/** How far each projection is behind; those of which it can not be said now are left out, which is better than a 0. */
async function behindOf(runtime: Runtime): Promise<readonly { projection: string; events: number; seconds: number }[]> {
  const log = await runtime.store.head().catch(() => undefined);
  if (!log) return [];
  const heads = await runtime.heads(log);
  const all = runtime.projections().map(async (it) => {
    const { name: projection } = it.projection;
    const head = heads.get(projection);
    if (!head) return [];
    const events = behind(head.position, it.position());
    const since = await runtime.behindSince(projection, head).catch(() => null);
    return since === null ? [] : [{ projection, events, seconds: since === undefined ? 0 : ageOf(since) }];
  });
  return (await Promise.all(all)).flat();
}

const ageOf = (instant: string): number => Math.max(0, Date.now() - Date.parse(instant)) / 1_000;
