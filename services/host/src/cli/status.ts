// kams status: how far the store and each projection have come.
import type { HostClient } from './host-client';
import type { Terminal } from './terminal';

export interface Status {
  readonly epoch: string;
  readonly head: string;
  readonly projections: readonly {
    readonly name: string;
    readonly position: string;
    readonly lag: number;
    readonly failure?: string;
    readonly rebuild?: string;
    readonly owner?: string | null;
    readonly parked?: number;
  }[];
  /** Reactions, timers, erasures; a host of before had none. */
  readonly workers?: readonly {
    readonly name: string;
    readonly failure?: string;
    readonly owner?: string | null;
    readonly parked?: number;
  }[];
  /** What services have of each other, over Kafka; a host of before had none. */
  readonly inboxes?: readonly {
    readonly service: string;
    readonly producer: string;
    readonly events?: number;
    readonly lag?: number;
    readonly failure?: string;
    readonly owner?: string | null;
  }[];
  /** Topics of Kafka; a host of before had none. */
  readonly relays?: readonly {
    readonly topic: string;
    readonly position?: string;
    readonly lag?: number;
    readonly failure?: string;
    readonly owner?: string | null;
  }[];
}

export async function showStatus(terminal: Terminal, host: HostClient): Promise<void> {
  const status = await host.get<Status>('/operations/status');
  if (terminal.json) return terminal.print(JSON.stringify(status));
  const { epoch, head, projections, workers = [], inboxes = [], relays = [] } = status;
  terminal.print(`store at ${numberOf(head)} (epoch ${epoch})`);
  terminal.table([
    ['projection', 'position', 'lag', 'parked', 'owner', ''],
    ...projections.map(({ name, position, lag, parked = 0, owner, failure, rebuild }) => [
      name,
      String(numberOf(position)),
      String(lag),
      String(parked),
      ownerOf(owner),
      failure ? `stands: ${failure}` : rebuild === undefined ? '' : `rebuild ${rebuild}`,
    ]),
    ...workers.map(({ name, parked, owner, failure }) => [
      name,
      '',
      '',
      parked === undefined ? '' : String(parked),
      ownerOf(owner),
      failure ? `stands: ${failure}` : '',
    ]),
    ...inboxes.map(({ service, producer, events, lag, owner, failure }) => [
      `${producer} for ${service}`,
      events === undefined ? '' : String(events),
      lag === undefined ? '' : String(lag),
      '',
      ownerOf(owner),
      failure ? `stands: ${failure}` : '',
    ]),
    ...relays.map(({ topic, position, lag, owner, failure }) => [
      topic,
      position === undefined ? '' : String(numberOf(position)),
      lag === undefined ? '' : String(lag),
      '',
      ownerOf(owner),
      failure ? `stands: ${failure}` : '',
    ]),
  ]);
}

/** A host of before says nothing; every process does what has no owner. */
const ownerOf = (owner: string | null | undefined): string => (owner === null ? 'nobody' : (owner ?? ''));

/** The number in a position, with or without its epoch. */
export const numberOf = (position: string | undefined): number =>
  Number.parseInt(position?.slice(position.lastIndexOf('.') + 1) ?? '', 10) || 0;
