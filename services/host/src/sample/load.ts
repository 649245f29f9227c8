// Carries the sample out in a host at work, a week after the other. Begun again it goes on where it stopped, and changes nothing
// of what is there.
import { scoringModel } from '@kams/accounts/domain/scoring-model';
import { CommandIdReused, NotFound } from '@kams/eventing';
import { Refusal } from '@kams/eventing/pure';
import { version } from '@kams/methods/policy';
import type { Runtime } from '@kams/platform';
import { MODEL_ID, TENANT } from './act';
import { dayBefore, endOfYearFrom, weekOf, workdays } from './calendar';
import { sampleCommands, type SampleCommand } from './commands';

export const SEED = 2005;
const AT_ONCE = 32;
const SHOWN_MS = 10_000;

export interface Loaded {
  readonly days: readonly string[];
  readonly commands: readonly SampleCommand[];
  /** False when the host was stopped meanwhile. */
  readonly complete: boolean;
}

/** The data holds something else under the keys of the sample. */
export class SampleRefused extends Error {
  constructor({ aggregate, type, occurredAt }: SampleCommand, code: string) {
    super(
      `the sample stopped at ${aggregate} ${type} of ${occurredAt.slice(0, 10)}: ${code}. ` +
        'The data holds something else under its keys: set KAMS_DATA to an empty folder to see it.',
    );
  }
}

/**
 * The year ends yesterday; once begun it keeps its days, so that a later start does not tell the story a second time.
 * @throws SampleRefused
 */
export async function loadSample(runtime: Runtime): Promise<Loaded> {
  const model = await runtime.commands.find({ of: scoringModel, id: MODEL_ID }, TENANT);
  const begun = version(model.state, 1)?.publishedAt;
  const endsOn = begun === undefined ? dayBefore(runtime.now()) : endOfYearFrom(begun);
  const loaded = { days: workdays(endsOn), commands: sampleCommands(SEED, endsOn) };

  const aggregates = new Map(runtime.services.flatMap((it) => it.aggregates).map((it) => [it.contract.name, it]));
  const carryOut = (it: SampleCommand) =>
    runtime.commands.handle(aggregates.get(it.aggregate)!, it).catch((error: unknown) => {
      throw refusalOf(it, error) ?? error;
    });
  try {
    for (const some of togetherOf(loaded.commands)) {
      if (runtime.stopped.aborted) break;
      await Promise.all(some.map(carryOut));
    }
    await shown(runtime);
  } catch (error) {
    if (!runtime.stopped.aborted) throw error;
  }
  return { ...loaded, complete: !runtime.stopped.aborted };
}

function refusalOf(command: SampleCommand, error: unknown): SampleRefused | undefined {
  if (error instanceof Refusal) return new SampleRefused(command, error.code);
  if (error instanceof NotFound) return new SampleRefused(command, 'not-found');
  return error instanceof CommandIdReused ? new SampleRefused(command, 'command-id-reused') : undefined;
}

/** Commands that may run at the same time: of one week, and not too many. */
function* togetherOf(commands: readonly SampleCommand[]): Generator<readonly SampleCommand[]> {
  let some: SampleCommand[] = [];
  for (const command of commands) {
    const sameWeek = some[0] && weekOf(some[0].occurredAt) === weekOf(command.occurredAt);
    if (some.length > 0 && (!sameWeek || some.length === AT_ONCE)) {
      yield some;
      some = [];
    }
    some.push(command);
  }
  if (some.length > 0) yield some;
}

async function shown(runtime: Runtime): Promise<void> {
  const { position } = await runtime.store.head();
  await Promise.all(runtime.projections().map((it) => it.reached(position, SHOWN_MS)));
}
