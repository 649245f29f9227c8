// One host a folder. Node has no file locks, so each host writes a claim, a file whose name says which process it is, and
// only then looks for others: of two that come at the same moment each sees the other, and no one has to take away or
// overwrite a file that may be someone's lock, which is where lock files race. A process number is used again one day, so a
// claim also holds when its process began.
import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeFolder } from './account';
import { EmbeddedPostgresError } from './errors';
import { startOf } from './processes';

/** A living host touches its claim so often; a claim of another machine or container is watched so long for a touch. */
const touchMs = 2_000;
const watchMs = 7_000;

/** The place where process numbers mean the same processes: this boot of this machine and, on Linux, this container. */
function processSpace(): string {
  if (process.platform !== 'linux') return hostname().replace(/\W+/g, '_');
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 13);
  return `${boot}_${readlinkSync('/proc/self/ns/pid').replace(/\D/g, '')}`.replace(/\W/g, '');
}

const claimName = /^pid-(?<pid>\d+)\.(?<start>\w+)\.(?<space>\w+)\.[\w-]+$/;

const touchedAt = (file: string): Promise<number | undefined> =>
  stat(file).then(
    (it) => it.mtimeMs,
    () => undefined,
  );

/** Another container's processes can not be seen from here, but its touches can. Takes `watchMs` when the host is dead. */
async function isTouched(file: string): Promise<boolean> {
  const before = await touchedAt(file);
  for (const until = Date.now() + watchMs; Date.now() < until; await sleep(250)) {
    const now = await touchedAt(file);
    if (now === undefined) return false;
    if (now !== before) return true;
  }
  return false;
}

async function livingHost(claims: string, own: string): Promise<string | undefined> {
  for (const name of await readdir(claims)) {
    const { pid, start, space } = claimName.exec(name)?.groups ?? {};
    if (name === own || !pid) continue;
    if (space === processSpace()) {
      if (startOf(Number(pid)) === start) return `process ${pid}`;
    } else if (await isTouched(join(claims, name))) return `process ${pid} of another machine or container`;
    await rm(join(claims, name), { force: true });
  }
  return undefined;
}

export interface Claim {
  release(): Promise<void>;
}

/**
 * Claims the folder for this process, until `release()` or until the process is dead.
 * @throws EmbeddedPostgresError `folder-in-use` when a living host has it.
 */
export async function claimFolder(folder: string): Promise<Claim> {
  const claims = join(folder, 'hosts');
  makeFolder(claims);
  for (let attempt = 1; ; attempt++) {
    const name = `pid-${process.pid}.${startOf(process.pid)}.${processSpace()}.${randomUUID()}`;
    const file = join(claims, name);
    await writeFile(file, '', { flag: 'wx' });
    const other = await livingHost(claims, name);
    if (!other) {
      const touching = setInterval(() => void utimes(file, new Date(), new Date()).catch(() => undefined), touchMs);
      touching.unref();
      return {
        release: async () => {
          clearInterval(touching);
          await rm(file, { force: true });
        },
      };
    }
    await rm(file, { force: true });
    if (attempt === 5)
      throw new EmbeddedPostgresError(
        'folder-in-use',
        `${folder} is in use by ${other}: stop that host first, or give this one a folder of its own.`,
      );
    // Two that came at the same moment have both stepped back; chance decides who is first now.
    await sleep(20 + Math.random() * 200);
  }
}
