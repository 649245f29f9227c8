// kams token: a token of the development issuer.
import { mint, readCliConfig, type Identity } from './connection';
import { Failure } from './failure';
import type { Terminal } from './terminal';

const LIFE_MS = 15 * 60_000;

export async function showToken(terminal: Terminal, identity: Identity): Promise<void> {
  const config = readCliConfig(terminal.streams.env);
  if (config.mode === 'production' || config.issuer !== undefined) {
    throw new Failure('This installation has an issuer of its own (KAMS_ISSUER): ask that one for a token.');
  }
  const token = await mint(config, identity, LIFE_MS);
  const expiresAt = new Date(Math.floor((Date.now() + LIFE_MS) / 1000) * 1000).toISOString();
  if (terminal.json) return terminal.print(JSON.stringify({ token, ...identity, expiresAt }));
  terminal.print(token);
  const { subject, tenantId } = identity;
  terminal.note(`for development only: ${subject} of tenant ${tenantId}; ends at ${expiresAt}`);
}
