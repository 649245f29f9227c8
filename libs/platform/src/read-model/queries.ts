// Statements that see the rows of one tenant.
//
// The tenant holds for one transaction, and the transaction is one message: what sets the tenant and the statement itself go out
// together, and Postgres ends the transaction where the message ends. So there is no `begin` that could be left open, no tenant
// that could be left over for whoever is given the connection next, and no further way to the server and back.
import { Pool, Query, type Connection, type PoolConfig, type QueryResult } from 'pg';
import { TENANT_SETTING } from './tenants';

/** A name and a value that hold for one statement. */
export type Setting = readonly [name: string, value: string];

/** What `pg` has and its types, which are of an earlier version, do not. */
interface Wire {
  parse(statement: { readonly name: string; readonly text: string }): void;
  bind(values: { readonly statement: string; readonly values: readonly string[] }): void;
  execute(portal: object): void;
}
interface Steps {
  prepare(connection: Wire): void;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: unknown, connection: Connection): void;
}
const steps = Query.prototype as unknown as Steps;

const SET: Readonly<Record<number, string>> = {
  1: 'select set_config($1, $2, true)',
  2: 'select set_config($1, $2, true), set_config($3, $4, true)',
};
/** The statements of `SET` that a connection knows already: they live as long as it does. */
const known = new WeakMap<Wire, Set<string>>();

class SetQuery extends Query {
  private isSet = false;

  constructor(
    text: string,
    values: unknown[],
    private readonly settings: readonly Setting[],
    readonly callback: (error: Error | null, result: QueryResult) => void,
  ) {
    // Without a value `pg` would send the statement by itself, as a text.
    super({ text, values, queryMode: 'extended' } as never);
  }

  prepare(connection: Wire): void {
    const name = `kams.set_${this.settings.length}`;
    const knows = known.get(connection) ?? new Set();
    known.set(connection, knows);
    if (!knows.has(name)) connection.parse({ name, text: SET[this.settings.length]! });
    knows.add(name);
    connection.bind({ statement: name, values: this.settings.flat() });
    connection.execute({});
    steps.prepare.call(this, connection);
  }

  handleDataRow(message: unknown): void {
    if (this.isSet) steps.handleDataRow.call(this, message);
  }

  handleCommandComplete(message: unknown, connection: Connection): void {
    if (this.isSet) steps.handleCommandComplete.call(this, message, connection);
    else this.isSet = true;
  }
}

export class Queries {
  private readonly pool: Pool;

  constructor(connection: PoolConfig, onError: (error: Error) => void) {
    this.pool = new Pool(connection);
    // A client in use has no listener of the pool, an idle pool none of ours: without both a lost connection ends the process.
    this.pool.on('connect', (client) => client.on('error', onError));
    this.pool.on('error', () => undefined);
  }

  /** The rows, of this tenant only. */
  async rows<T>(tenantId: string, text: string, values: readonly unknown[], setting?: Setting): Promise<T[]> {
    const tenant: Setting = [TENANT_SETTING, tenantId];
    const settings = setting ? [tenant, setting] : [tenant];
    const client = await this.pool.connect();
    try {
      return await new Promise<T[]>((resolve, reject) => {
        const answered = (error: Error | null, result: QueryResult) => (error ? reject(error) : resolve(result.rows as T[]));
        client.query(new SetQuery(text, [...values], settings, answered));
      });
    } finally {
      client.release();
    }
  }

  close(): Promise<void> {
    return this.pool.end();
  }
}
