// A row, a command. What a file says twice of the same thing is sent once.
import { isFlaw, type Flaw } from './cells';
import type { Row } from './csv-file';
import { wrongCellCount, type RowCommand, type RowReader, type RowSink } from './row-command';
import { SaidOnce } from './said-once';

export abstract class RowByRow<C extends RowCommand> implements RowReader {
  protected readonly said: SaidOnce;

  constructor(
    private readonly columns: readonly string[],
    private readonly out: RowSink<C>,
    what: string,
  ) {
    this.said = new SaidOnce(what);
  }

  protected abstract commandOf(cells: readonly string[], line: number): C | Flaw;

  take({ cells, line }: Row): void {
    const wrong = cells.length === this.columns.length ? undefined : wrongCellCount(cells.length, this.columns.length);
    const made = wrong ?? this.commandOf(cells, line);
    if (isFlaw(made)) this.out.reject(line, made);
    else this.out.command(made);
  }

  end(): void {
    this.said.clear();
  }
}
