// `npm start -- --sample`: loads the sample into the host that has come up, and says what there is to see.
import { accountContract } from '@kams/contracts/accounts/account';
import { contactContract } from '@kams/contracts/accounts/contact';
import { purchaseContract } from '@kams/contracts/accounts/purchase';
import type { AnyContract } from '@kams/contracts/define';
import type { Running } from '@kams/platform/run/run-service';
import { TENANT } from './act';
import { loadSample, SampleRefused, type Loaded } from './load';
import { shellLines, tourOf } from './tour';

/** Never ends the host: what goes wrong is one line. */
export async function showSample({ url, config, runtime }: Running): Promise<void> {
  if (config.mode === 'production') {
    return console.error(
      'kams: --sample is for development; nothing was added. Start without it, or with KAMS_MODE=development.',
    );
  }
  const began = performance.now();
  try {
    const loaded = await loadSample(runtime);
    if (!loaded.complete) return;
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    const tour = shellLines(url, config.data, await tourOf(loaded.days, runtime)).map((it) => `    ${it}`);
    console.log(
      [
        `  sample      ${summary(loaded)}, in tenant ${TENANT} (${seconds} s)`,
        '  look at it  in a second terminal:',
        ...tour,
      ].join('\n'),
    );
  } catch (error) {
    const { message } = error as Error;
    console.error(
      error instanceof SampleRefused
        ? `kams: ${message}`
        : `kams: the sample is not complete (${message}). Start with --sample again to go on with it.`,
    );
  }
}

function summary({ commands }: Loaded): string {
  const count = ({ name }: AnyContract, type: string) =>
    commands.filter((it) => it.aggregate === name && it.type === type).length.toLocaleString('en');
  const counts = [
    `${count(accountContract, 'Register')} accounts`,
    `${count(contactContract, 'Register')} contacts`,
    `${count(purchaseContract, 'Record')} purchases`,
    `${count(accountContract, 'AssessValue')} assessments`,
  ];
  return `${counts.join(', ')} of a year to ${commands.at(-1)!.occurredAt.slice(0, 10)}`;
}
