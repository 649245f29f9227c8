// A test of a promise: named after it, and told in one line that says what its green rests on.
import { SEED } from './chance';

export type Counts = Readonly<Record<string, string | number>>;

const SIZE = process.env['KAMS_TEST_SIZE'] ?? '1';
export const isFull = SIZE === 'full';

/** `small` in every test run, `full` under `npm run test:faults -- --full`; KAMS_TEST_SIZE may be a factor of the small one. */
export const trials = (small: number, full: number): number => (isFull ? full : Math.max(1, Math.round(small * Number(SIZE))));

/**
 * `P6 pass kills=48 applied=20113 doubled=0 seed=20261125`. What `prove` tells before it throws is in the line of the failure.
 * @param ids one id or several: `P1 P2`
 */
export function promised(
  ids: string,
  sentence: string,
  prove: (tell: (counts: Counts) => void) => Promise<void>,
  withinMs?: number,
): void {
  test(
    `${ids} ${sentence}`,
    async () => {
      let counts: Counts = {};
      const say = (what: 'pass' | 'FAIL') =>
        console.log(
          [ids, what, ...Object.entries({ ...counts, seed: SEED }).map(([name, value]) => `${name}=${value}`)].join(' '),
        );
      try {
        await prove((more) => (counts = { ...counts, ...more }));
      } catch (error) {
        say('FAIL');
        throw error;
      }
      say('pass');
    },
    withinMs,
  );
}
