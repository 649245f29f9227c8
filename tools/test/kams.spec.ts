// tools/kams.mjs where there are no sources: in an image.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

test('without sources it runs what is compiled, and writes nothing', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kams-image-'));
  try {
    const cli = join(folder, 'dist/services/host/src/cli');
    mkdirSync(cli, { recursive: true });
    writeFileSync(join(cli, 'main.js'), 'exports.kams = async (args) => (console.log(args.join()), 3);\n');
    cpSync(join(__dirname, '../kams.mjs'), join(folder, 'tools/kams.mjs'));
    const run = () => execFileSync(process.execPath, ['tools/kams.mjs', 'status', '--json'], { cwd: folder, stdio: 'pipe' });
    expect(run).toThrow(expect.objectContaining({ status: 3, stdout: Buffer.from('status,--json\n') }));
    expect(readdirSync(folder).sort()).toEqual(['dist', 'tools']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
