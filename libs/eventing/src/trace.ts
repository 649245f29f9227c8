// Spans, by the API of OpenTelemetry alone: who loads its SDK calls `traceWith`. Until then none is made, and what would make
// one finds `undefined` and goes on.
//
// A span has no name, text or value of anybody in it: an error is told by its class, because messages may quote what was sent.
import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Link,
  type Span,
  type SpanContext,
  type SpanOptions,
  type Tracer,
} from '@opentelemetry/api';

/** What may say in which trace it came to be. */
export interface Traced {
  readonly traceparent?: string;
}

/** Version 00 of https://www.w3.org/TR/trace-context/, to the letter. */
const FORM = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;
/** A page may have a thousand events. */
const MOST_LINKS = 16;

let tracer: Tracer | undefined;

/** From now on spans are made by it; `undefined`: none any more. */
export const traceWith = (it: Tracer | undefined): void => void (tracer = it);
export const isTracing = (): boolean => tracer !== undefined;

/** Undefined for what is no `traceparent`: a header that nobody can read is nobody's error. */
export function contextOf(traceparent: unknown): SpanContext | undefined {
  const [, traceId, spanId, flags] = typeof traceparent === 'string' ? (FORM.exec(traceparent) ?? []) : [];
  if (traceId === undefined) return undefined;
  return { traceId, spanId: spanId!, traceFlags: Number.parseInt(flags!, 16), isRemote: true };
}
export const isTraceparent = (it: unknown): it is string => typeof it === 'string' && FORM.test(it);

export const traceparentOf = (span: Span): string => {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
};

/** A child of `traceparent`, or the first of a trace; undefined when nobody traces. Whoever begins it ends it. */
export function begun(name: string, options: SpanOptions, traceparent?: unknown): Span | undefined {
  const parent = tracer && contextOf(traceparent);
  return tracer?.startSpan(name, options, parent ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT);
}

/** Does `work` in a span that is a child of `of`. It is told the `traceparent` of what follows from it. */
export function inTraceOf<T>(of: Traced, name: string, work: (traceparent: string | undefined) => Promise<T>): Promise<T> {
  const span = begun(name, { kind: SpanKind.CONSUMER }, of.traceparent);
  return span ? ended(span, () => work(traceparentOf(span))) : work(of.traceparent);
}

/** Does `work`, which is for all of these at once, in a span of its own with links to the traces that they came of. */
export function linkedTo<T>(all: readonly Traced[], name: string, kind: SpanKind, work: () => Promise<T>): Promise<T> {
  const span = tracer && begun(name, { kind, links: linksTo(all), attributes: { 'kams.count': all.length } });
  return span ? ended(span, work) : work();
}

function linksTo(all: readonly Traced[]): Link[] {
  const links = new Map<string, Link>();
  for (const { traceparent } of all) {
    if (links.size === MOST_LINKS) break;
    const context = contextOf(traceparent);
    if (context) links.set(traceparent!, { context });
  }
  return [...links.values()];
}

async function ended<T>(span: Span, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    failed(span, error);
    throw error;
  } finally {
    span.end();
  }
}

const failed = (span: Span, error: unknown): void => {
  span.setStatus({ code: SpanStatusCode.ERROR });
  span.setAttribute('error.type', error instanceof Error ? error.constructor.name : typeof error);
};

export { SpanKind };
