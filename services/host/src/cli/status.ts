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
  }[];
  /** Reactions, timers, erasures; a host of before had none. */
  readonly workers?: readonly { readonly name: string; readonly failure?: string }[];
}

export async function showStatus(terminal: Terminal, host: HostClient): Promise<void> {
  const status = await host.get<Status>('/operations/status');
  if (terminal.json) return terminal.print(JSON.stringify(status));
  const { epoch, head, projections, workers = [] } = status;
  terminal.print(`store at ${numberOf(head)} (epoch ${epoch})`);
  terminal.table([
    ['projection', 'position', 'lag', ''],
    ...projections.map(({ name, position, lag, failure, rebuild }) => [
      name,
      String(numberOf(position)),
      String(lag),
      failure ? `stands: ${failure}` : rebuild === undefined ? '' : `rebuild ${rebuild}`,
    ]),
    ...workers.map(({ name, failure }) => [name, '', '', failure ? `stands: ${failure}` : '']),
  ]);
}

/** The number in a position, with or without its epoch. */
export const numberOf = (position: string | undefined): number => Number(position?.slice(position.lastIndexOf('.') + 1) || 0);
