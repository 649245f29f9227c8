// A process that runs the accounts on a database of the test, and stops itself where it is told.
import './stop-at';
import 'reflect-metadata';
import { accountsService } from '@kams/accounts';
import { openRuntime } from '@kams/testing/runtime';

async function main(url: string, leaseMs: number): Promise<void> {
  const { runtime } = await openRuntime([accountsService], url, { leaseMs });
  await runtime.start();
  process.send!(runtime.owner);
}

void main(process.env['KAMS_TEST_DATABASE']!, Number(process.env['KAMS_TEST_LEASE_MS']));
