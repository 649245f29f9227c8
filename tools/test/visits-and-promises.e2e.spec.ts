// The page on visits and promises: its requests are sent to the product, and the answers are those that it shows.
import { dataFolder, freePort, removeFolder, startHost } from '@kams/testing/host';
import { join } from 'node:path';
import { expectAsPrinted } from './guide';

test('the product answers each request of the page on visits and promises as it says', async () => {
  const data = await dataFolder();
  const host = await startHost({ KAMS_DATA: data, KAMS_PORT: String(await freePort()) });
  try {
    const folder = join(__dirname, '../..');
    await expectAsPrinted({ folder }, host.env, '', 'docs/guide/visits-and-promises.md');
  } finally {
    await host.end();
    await removeFolder(data);
  }
}, 180_000);
