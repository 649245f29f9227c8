// Traces leave the process where somebody has said where to, by the settings that every program of OpenTelemetry has. The SDK is
// loaded then, and not before: without it the process is smaller and a span costs nothing.
import { traceWith } from '@kams/eventing';
import { within } from '@kams/eventing/within';
import { diag, DiagLogLevel } from '@opentelemetry/api';
import type { Sampler } from '@opentelemetry/sdk-trace';
import type { Logger } from 'pino';

/** At the end nobody waits longer for a receiver that does not answer: what it has not taken is lost. */
const TOLD_WITHIN_MS = 2_000;

/** Resolves with how to stop it: what is told by then is sent, if that is quick. Undefined: nobody wants traces. */
export async function startTracing(
  services: readonly string[],
  version: string,
  log: Pick<Logger, 'warn'>,
  env: NodeJS.ProcessEnv = process.env,
): Promise<((graceMs: number) => Promise<void>) | undefined> {
  const endpoint = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] || env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  if (!endpoint || env['OTEL_SDK_DISABLED'] === 'true') return undefined;
  const [sdk, { OTLPTraceExporter }, resources] = await Promise.all([
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const { defaultResource, detectResources, envDetector, resourceFromAttributes } = resources;
  tellOnce(log);
  const provider = new sdk.TracerProvider({
    sampler: samplerOf(sdk, env),
    // What OTEL_RESOURCE_ATTRIBUTES says goes before.
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': `kams-${services.join('+')}`, 'service.version': version }))
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter: new OTLPTraceExporter(), scheduledDelayMillis: 1_000 })],
  });
  traceWith(provider.getTracer('kams', version));
  return async (graceMs) => {
    traceWith(undefined);
    const ms = Math.min(graceMs, TOLD_WITHIN_MS);
    await within(ms, provider.shutdown(), () => new Error(`the last traces were not taken within ${ms} ms`));
  };
}

/** By the names of the specification; by default all, but what a caller has begun and does not record. */
function samplerOf(sdk: typeof import('@opentelemetry/sdk-trace'), env: NodeJS.ProcessEnv): Sampler | undefined {
  const { OTEL_TRACES_SAMPLER: name = '', OTEL_TRACES_SAMPLER_ARG: ratio } = env;
  const kinds = new Map<string, () => Sampler>([
    ['always_on', () => new sdk.AlwaysOnSampler()],
    ['always_off', () => new sdk.AlwaysOffSampler()],
    ['traceidratio', () => new sdk.TraceIdRatioBasedSampler(Number(ratio ?? 1))],
  ]);
  const root = kinds.get(name.replace('parentbased_', ''))?.();
  return root && name.startsWith('parentbased_') ? new sdk.ParentBasedSampler({ root }) : root;
}

/** A receiver that is away is in the log, once for each reason, and nobody's error. */
function tellOnce(log: Pick<Logger, 'warn'>): void {
  let last: string | undefined;
  const warn = (message: string) => {
    if (message === last) return;
    last = message;
    log.warn({ reason: message }, 'traces do not arrive');
  };
  const logger = { error: warn, warn, info: ignore, debug: ignore, verbose: ignore };
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
}

const ignore = () => undefined;
