// Is this still the log that this process knows? A fail-over may have lost its end and given the same positions to other
// events; a restore may have put an older one in its place. What was read and folded before is then wrong, and nothing tells,
// unless the last event known is looked at again: on every new connection before it is used, and with every poll.
import type { ClientBase } from 'pg';
import { Head, pause } from '../follow';
import { LogDamaged, type Head as StoreHead } from '../port';
import { positionOf } from '../recorded';
import { safe } from './columns';
import { askOn, readError, type Connections, type Row, type Statement } from './connection';

/** Who the store is, its last event, and the event at the position that was the last one known ($2, if it was removed on purpose). */
const LOOK: Statement = {
  name: 'es.look',
  text: `select s.epoch, coalesce(last.position, 0), last.event_id,
                coalesce((select event_id from es.events where position = $1), (select $2::uuid from es.removed where $1 between first and last))
           from es.store s
           left join lateral (select position, event_id from es.events order by position desc limit 1) last on true
          where s.one`, // without `where`, JIT made statements on es.store 30 times slower on PostgreSQL 15
};
const POLL_MS = { busy: 250, idle: 2_000 };

export class History {
  readonly head = new Head();
  private epoch: string | undefined;
  /** Of the event at the head. */
  private lastId: string | null = null;
  private followers = 0;
  private polling = false;

  /** Asks the server. @throws LogDamaged, Unavailable */
  async look(connections: Connections): Promise<StoreHead> {
    const known = this.mark();
    try {
      return this.compare(known, await connections.ask(LOOK, [known.position, known.id]));
    } catch (error) {
      throw readError(error);
    }
  }

  /** To be called with each new connection. @throws LogDamaged */
  async verify(client: ClientBase): Promise<void> {
    const known = this.mark();
    this.compare(known, await askOn(client, LOOK, [known.position, known.id]));
  }

  /** @throws LogDamaged when nothing was ever stored at this position */
  async ensureReached(connections: Connections, position: number): Promise<void> {
    if (position > this.head.position) await this.look(connections);
    if (position > this.head.position) throw new LogDamaged(`position ${position} is beyond the head, ${this.head.position}`);
  }

  /**
   * Events of this process were stored from `before` to `position`; `known` was the head when they were sent. `lastId` is that of
   * the last of them: where all were refused, what stands at `before` may be another process's, and nobody has seen its id.
   */
  appended(answer: { known: number; before: number; position: number; lastId: string | undefined }): void {
    const { known, before, position, lastId } = answer;
    if (before < known) this.fail(`the log ended at position ${before}, but ${known} was stored before: its end was lost`);
    else if (lastId !== undefined) this.move(position, lastId);
  }

  /** Does somebody in this process follow the log? */
  get isFollowed(): boolean {
    return this.followers > 0;
  }

  /** Looks for what other processes append, as long as somebody in this one follows the log. */
  follow(connections: Connections, closing: AbortSignal, onError: (error: Error) => void): () => void {
    this.followers++;
    if (!this.polling) void this.poll(connections, closing, onError);
    return () => void this.followers--;
  }

  private async poll(connections: Connections, closing: AbortSignal, onError: (error: Error) => void): Promise<void> {
    this.polling = true;
    for (let ms = POLL_MS.busy; ;) {
      await pause(ms, closing);
      if (this.followers === 0 || closing.aborted) break;
      const before = this.head.position;
      await this.look(connections).catch(onError);
      ms = this.head.position > before ? POLL_MS.busy : Math.min(ms * 1.5, POLL_MS.idle);
    }
    this.polling = false;
  }

  private mark() {
    return { position: this.head.position, id: this.lastId };
  }

  private compare(known: { position: number; id: string | null }, [row]: readonly Row[]): StoreHead {
    const [epoch, last, lastId, idThere] = row as [string, string, string | null, string | null];
    this.epoch ??= epoch;
    if (epoch !== this.epoch) this.fail(`the store has a new epoch, ${epoch}: start again and rebuild what was read`);
    if (known.position > 0 && idThere !== known.id) {
      this.fail(`position ${known.position} is not the event that was stored there: the end of the log was lost`);
    }
    this.head.ensureSound();
    this.move(safe(last), lastId);
    return { epoch, position: positionOf(safe(last)) };
  }

  private move(position: number, id: string | null): void {
    if (position <= this.head.position) return;
    this.lastId = id;
    this.head.advance(position);
  }

  private fail(message: string): void {
    this.head.fail(new LogDamaged(message));
  }
}
