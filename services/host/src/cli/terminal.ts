// Where a command writes: what was asked for to stdout, everything else to stderr, so that a script gets data only.
import { SingleBar } from 'cli-progress';
import type { Writable } from 'node:stream';

export interface Streams {
  readonly env: NodeJS.ProcessEnv;
  readonly stdout: Writable;
  readonly stderr: Writable & { readonly isTTY?: boolean };
  /** Ends what runs: Ctrl-C. */
  readonly signal: AbortSignal;
}

export interface Bar {
  /** How much is done; `total` when it has moved. */
  reach(done: number, total?: number): void;
  end(): void;
}

export class Terminal {
  constructor(
    readonly streams: Streams,
    readonly json: boolean,
  ) {}

  /** What was asked for. */
  print(line: string): void {
    this.streams.stdout.write(`${line}\n`);
  }

  /** What a person wants to know besides. */
  note(line: string): void {
    if (!this.json) this.streams.stderr.write(`${line}\n`);
  }

  /** Shows only on a terminal; elsewhere it does nothing. `unit` names what is counted. */
  bar(label: string, total: number, unit: string): Bar {
    const { stderr } = this.streams;
    if (this.json || !stderr.isTTY) return { reach: () => undefined, end: () => undefined };
    const began = Date.now();
    const bar = new SingleBar({
      stream: stderr,
      format: `${label} {bar} {percentage}% {value}/{total} ${unit} {rate}/s, {eta_formatted} left`,
      hideCursor: true,
      clearOnComplete: true,
    });
    bar.start(total, 0, { rate: 0 });
    return {
      reach: (done, of) => {
        if (of !== undefined) bar.setTotal(of);
        bar.update(done, { rate: Math.round(done / Math.max(0.001, (Date.now() - began) / 1000)) });
      },
      end: () => bar.stop(),
    };
  }

  /** Columns as wide as their longest cell. */
  table(rows: readonly (readonly string[])[]): void {
    const widths = rows.reduce<number[]>((all, row) => row.map((cell, i) => Math.max(all[i] ?? 0, cell.length)), []);
    for (const row of rows)
      this.print(
        row
          .map((cell, i) => cell.padEnd(widths[i]!))
          .join('  ')
          .trimEnd(),
      );
  }
}
