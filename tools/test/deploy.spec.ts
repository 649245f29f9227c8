// What a deployment is made of goes by what the program knows: settings, services, figures; and nothing in it is left open. Each
// check is told a copy that is broken as well.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PARTITIONS } from '@kams/eventing/bus/kafka/kafka-bus';
import { BadConfig } from '@kams/platform/config/bad-config';
import { readConfig } from '@kams/platform/config/read-config';
import { CLIENT_SETTINGS, SETTINGS, type Setting } from '@kams/platform/config/settings';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { parse, parseAllDocuments } from 'yaml';
import { servicesOf } from '../reference.mjs';

const root = join(__dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const yaml = <T = any>(text: string): T => parse(text, { merge: true }) as T; // eslint-disable-line @typescript-eslint/no-explicit-any
const files = execFileSync('git', ['ls-files', 'deploy', 'docker-compose.yml', '.env', '.env.example'], {
  cwd: root,
  encoding: 'utf8',
})
  .trim()
  .split('\n');
const chart = 'deploy/helm/kams';
const dashboard = 'deploy/observability/grafana/dashboards/kams.json';
const alerts = 'deploy/observability/alerts.yml';

const settings: readonly Setting[] = Object.values({ ...SETTINGS, ...CLIENT_SETTINGS });
const services = servicesOf((path) => jest.requireActual(join(root, path)))
  .map((it) => it.name)
  .sort();

/** What it says when a command is missing: once, where the results are. */
const notRun = (what: string): void => void process.stderr.write(`tools/test/deploy: NOT RUN: no ${what}\n`);
const has = (command: string, ...args: string[]): boolean => spawnSync(command, args, { stdio: 'ignore' }).status === 0;
const run = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 10_000_000 });

describe('settings', () => {
  const known = new Set(settings.flatMap((it) => (it.secret ? [it.key, `${it.key}_FILE`] : [it.key])) as string[]);
  const unknown = (text: string): string[] =>
    [...text.matchAll(/\bKAMS_[A-Z0-9_]+/g)].map(([it]) => it).filter((it) => !known.has(it));

  test('no file of a deployment names one that does not exist', () => {
    expect(files.length).toBeGreaterThan(20);
    for (const file of files) expect({ file, unknown: unknown(read(file)) }).toEqual({ file, unknown: [] });
    expect(unknown('KAMS_POSTGRES_URL_FILE KAMS_MODE_FILE ${KAMS_PROT:-1} KAMS_...')).toEqual(['KAMS_MODE_FILE', 'KAMS_PROT']);
  });

  /** By key, what .env.example says, with a `#` before it or not. */
  const examples = (text: string): Map<string, string> =>
    new Map([...text.matchAll(/^#?(KAMS_[A-Z0-9_]+)=(.*)$/gm)].map(([, key, value]) => [key!, value!]));
  const withoutExample = (text: string): string[] =>
    settings.map((it) => it.key as string).filter((it) => !examples(text).has(it));
  const refused = (text: string): string[] =>
    settings
      .filter((it) => examples(text).has(it.key) && !it.value.safeParse(examples(text).get(it.key)).success)
      .map((it) => it.key);

  test('.env.example has every one, with a value that would be taken', () => {
    const text = read('.env.example');
    expect(withoutExample(text)).toEqual([]);
    expect(refused(text)).toEqual([]);
    expect(withoutExample(text.replace(/^#?KAMS_LEASE=.*$/m, ''))).toEqual(['KAMS_LEASE']);
    expect(refused(text.replace('KAMS_LEASE=5s', 'KAMS_LEASE=5'))).toEqual(['KAMS_LEASE']);
  });
});

describe('images', () => {
  /** Named with its version, not only with something that moves from one to the next; a digest may follow. */
  const isPinned = (image: string): boolean =>
    /^[^\s:@]+(:\d+\/[^\s:@]+)?:[\w.-]*\d+\.\d+[\w.-]*(@sha256:[0-9a-f]{64})?$/.test(image);
  const ofDockerfile = (text: string): string[] => {
    const stages = [...text.matchAll(/^FROM \S+ AS (\S+)$/gm)].map(([, name]) => name!);
    return [...text.matchAll(/^FROM (\S+)/gm)].map(([, name]) => name!).filter((it) => !stages.includes(it));
  };
  const ofCompose = (text: string): string[] => Object.values(yaml(text).services).map((it) => (it as { image: string }).image);
  const unpinned = (images: readonly string[]): string[] => images.filter((it) => !isPinned(it));

  test('each is named by its version', () => {
    const [dockerfile, compose] = [read('deploy/docker/Dockerfile'), read('docker-compose.yml')];
    expect(unpinned([...ofDockerfile(dockerfile), ...ofCompose(compose)])).toEqual([]);
    const ci = readdirSync(join(root, chart, 'ci')).map((it) => yaml(read(`${chart}/ci/${it}`)));
    expect(unpinned(ci.flatMap((it) => it.sidecars ?? []).map((it) => it.image))).toEqual([]);
    expect(unpinned(ofDockerfile(dockerfile.replace(/^FROM node:\S+/m, 'FROM node:latest')))).toEqual(['node:latest']);
    expect(unpinned(ofCompose(compose.replace(/image: postgres:\S+/, 'image: postgres')))).toEqual(['postgres']);
    expect(unpinned(['kafka:slim', 'registry:5000/kafka', 'registry:5000/kafka:4.1.1'])).toEqual([
      'kafka:slim',
      'registry:5000/kafka',
    ]);
  });

  test('that of the product has the version of the product, in compose and in the chart', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    expect(ofCompose(read('docker-compose.yml')).filter((it) => it.startsWith('kams:'))).toEqual(
      expect.arrayContaining([`kams:${version}`]),
    );
    expect(yaml(read(`${chart}/Chart.yaml`)).appVersion).toBe(version);
  });
});

describe('compose', () => {
  interface Container {
    readonly profiles?: readonly string[];
    readonly depends_on?: Readonly<Record<string, unknown>>;
    readonly environment?: Readonly<Record<string, string | number | null>>;
    readonly cap_drop?: readonly string[];
    readonly security_opt?: readonly string[];
    readonly ports?: readonly string[];
    readonly volumes?: readonly string[];
  }
  const containersOf = (text: string): [string, Container][] =>
    Object.entries(yaml<{ services: Record<string, Container> }>(text).services);
  const text = read('docker-compose.yml');
  const profiles = [...new Set(containersOf(text).flatMap(([, it]) => it.profiles ?? []))];

  /** In words. */
  function faults(of: string): string[] {
    const containers = containersOf(of);
    return containers.flatMap(([name, it]) => {
      const found: string[] = [];
      if (!it.profiles?.length) found.push(`${name} is in no profile, and would start with each`);
      for (const needed of Object.keys(it.depends_on ?? {})) {
        const there = containers.find(([other]) => other === needed)?.[1].profiles ?? [];
        for (const profile of it.profiles ?? [])
          if (!there.includes(profile)) found.push(`${name} needs ${needed}, which is not in the profile ${profile}`);
      }
      if (!it.cap_drop?.includes('ALL')) found.push(`${name} keeps capabilities`);
      if (!it.security_opt?.includes('no-new-privileges:true')) found.push(`${name} may get new privileges`);
      for (const port of it.ports ?? [])
        if (!port.startsWith('127.0.0.1:')) found.push(`${name} is open to the network at ${port}`);
      for (const [, path] of (it.volumes ?? []).join('\n').matchAll(/^\.\/([^:]+):/gm))
        if (!existsSync(join(root, path!))) found.push(`${name} mounts ${path}, which is not there`);
      return found;
    });
  }

  test('each container is in a profile, with all that it needs, and is given no more than that', () => {
    expect(faults(text)).toEqual([]);
    expect(faults(text.replace('profiles: [host, infra, app]', 'profiles: [host, infra]'))).toEqual([
      'accounts needs postgres, which is not in the profile app',
    ]);
    expect(faults(text.replace('accounts: { condition', 'acounts: { condition'))).toEqual([
      'gateway needs acounts, which is not in the profile app',
    ]);
    expect(faults(text.replace('    profiles: [host]\n', ''))).toEqual(['kams is in no profile, and would start with each']);
    expect(faults(text.replace("'127.0.0.1:9092:9092'", "'9092:9092'"))).toEqual(['kafka is open to the network at 9092:9092']);
    expect(faults(text.replace('./deploy/observability/alerts.yml', './deploy/alerts.yml'))).toEqual([
      'prometheus mounts deploy/alerts.yml, which is not there',
    ]);
    expect(faults(text.replace('cap_drop: [ALL]', 'cap_drop: []'))).toHaveLength(containersOf(text).length);
  });

  test('without a profile it is the host alone', () => {
    const [, chosen] = /^COMPOSE_PROFILES=(.*)$/m.exec(read('.env'))!;
    const started = containersOf(text).filter(([, it]) => it.profiles?.includes(chosen!));
    expect(started.map(([name]) => name).sort()).toEqual(['kams', 'postgres']);
    expect(containersOf(text).find(([name]) => name === 'kams')![1].profiles).toEqual([chosen]);
  });

  /** What the program says of the environment that a container is given. */
  function refusals(of: string): Record<string, readonly string[]> {
    const found = containersOf(of).flatMap(([name, { environment = {} }]) => {
      const given = Object.entries(environment).filter(([key, value]) => key.startsWith('KAMS_') && value !== null);
      const env = given.map(([key, value]) => [key, String(value).replace(/\$\{\w+:-([^}]*)\}/g, '$1')]);
      try {
        readConfig(Object.fromEntries(env));
        return [];
      } catch (error) {
        return [[name, (error as BadConfig).lines] as const];
      }
    });
    return Object.fromEntries(found);
  }

  test('the program takes what it is given', () => {
    expect(refusals(text)).toEqual({});
    const wrong = refusals(text.replace('KAMS_BUS: kafka', 'KAMS_BUS: rabbit').replace('KAMS_SERVICES:', 'KAMS_SERVICE:'));
    expect(Object.keys(wrong)).toEqual(['accounts']);
    expect(wrong['accounts']).toHaveLength(2);
  });

  test('docker compose takes it, with each profile', () => {
    if (!has('docker', 'compose', 'version')) return notRun('docker');
    for (const profile of profiles) run('docker', 'compose', '--profile', profile, 'config', '-q');
    run('docker', 'compose', ...profiles.flatMap((it) => ['--profile', it]), 'config', '-q');
  });
});

describe('services', () => {
  const peersIn = (text: string): string[] => text.split(',').map((it) => it.split('=')[0]!);

  /** The services that each file has, by the file and where in it. */
  function named(text: (path: string) => string): Record<string, string[]> {
    const compose = Object.entries<any>(yaml(text('docker-compose.yml')).services); // eslint-disable-line @typescript-eslint/no-explicit-any
    const scraped = yaml(text('deploy/observability/prometheus.yml')).scrape_configs.find(
      (it: { job_name: string }) => it.job_name === 'kams',
    ).dns_sd_configs[0].names as string[];
    const topics = parseAllDocuments(text('deploy/kafka/topics.yaml')).map((it) => it.toJS());
    const all = {
      'compose, what runs': compose.flatMap(([, it]) => it.environment?.KAMS_SERVICES ?? []),
      'compose, the gateway': peersIn(compose.find(([name]) => name === 'gateway')![1].environment.KAMS_PEERS),
      'compose, what it waits for': Object.keys(compose.find(([name]) => name === 'gateway')![1].depends_on),
      'the chart': Object.keys(yaml(text(`${chart}/values.yaml`)).services),
      'Prometheus, beside the host': scraped.filter((it) => it !== 'kams'),
      topics: topics.filter((it) => it.kind === 'KafkaTopic').map((it) => it.metadata.name.split('.')[1]),
      'users of Kafka': topics.filter((it) => it.kind === 'KafkaUser').map((it) => it.metadata.name.replace('kams-', '')),
    };
    return Object.fromEntries(Object.entries(all).map(([where, names]) => [where, names.sort()]));
  }
  const different = (text: (path: string) => string): string[] =>
    Object.entries(named(text))
      .filter(([, names]) => names.join() !== services.join())
      .map(([where]) => where);

  test('every file has those that the host knows, all of them and no other', () => {
    expect(services).toContain('accounts');
    expect(different(read)).toEqual([]);
    const broken = (path: string, from: string, to: string) =>
      different((it) => (it === path ? read(it).replace(from, to) : read(it)));
    expect(broken('docker-compose.yml', 'KAMS_SERVICES: accounts', 'KAMS_SERVICES: acounts')).toEqual(['compose, what runs']);
    expect(broken('docker-compose.yml', 'KAMS_PEERS: accounts=', 'KAMS_PEERS: club=')).toEqual(['compose, the gateway']);
    expect(broken(`${chart}/values.yaml`, '  accounts: {}', '  accounts: {}\n  clubs: {}')).toEqual(['the chart']);
    expect(broken('deploy/observability/prometheus.yml', '[kams, accounts]', '[kams]')).toEqual(['Prometheus, beside the host']);
    expect(broken('deploy/kafka/topics.yaml', 'name: kams.accounts.v1', 'name: kams.club.v1')).toEqual(['topics']);
  });

  test('a topic is made as the program would make it', () => {
    const topics = parseAllDocuments(read('deploy/kafka/topics.yaml')).map((it) => it.toJS());
    for (const { spec } of topics.filter((it) => it.kind === 'KafkaTopic'))
      expect(spec).toMatchObject({
        partitions: PARTITIONS,
        config: { 'cleanup.policy': 'delete', 'retention.ms': 7 * 24 * 3_600_000 },
      });
    const script = read('deploy/kafka/acls.sh');
    for (const option of [`--partitions ${PARTITIONS} `, 'cleanup.policy=delete', `retention.ms=${7 * 24 * 3_600_000}`])
      expect(script).toContain(option);
  });
});

describe('figures', () => {
  const folder = 'libs/platform/src/run';
  const registered = readdirSync(join(root, folder)).flatMap((it) =>
    [...read(`${folder}/${it}`).matchAll(/name: '(kams_\w+)'/g)].map(([, name]) => name!),
  );
  const ofProcess = new Registry();
  collectDefaultMetrics({ register: ofProcess });
  const known = new Set([
    'up',
    ...registered.flatMap((it) => [it, `${it}_bucket`, `${it}_sum`, `${it}_count`]),
    ...ofProcess.getMetricsAsArray().map((it) => it.name),
  ]);
  afterAll(() => ofProcess.clear());

  const WORDS = ['by', 'without', 'on', 'ignoring', 'group_left', 'group_right', 'unless', 'and', 'or', 'offset', 'bool'];
  /** The metrics of an expression: the names that are no function, label or word of the language. */
  const metricsIn = (expression: string): string[] =>
    [
      ...expression
        .replace(/label_values\((\w+), *\w+\)/g, '$1')
        .replace(/\{[^}]*\}|\[[^\]]*\]|"[^"]*"/g, ' ')
        .replace(/\b(by|without|on|ignoring|group_left|group_right) *\([^)]*\)/g, ' ')
        .matchAll(/\b[a-z_][a-z0-9_]*\b(?! *\()/gi),
    ]
      .map(([it]) => it)
      .filter((it) => !WORDS.includes(it));

  type Panel = { id: number; type: string; datasource?: { uid: string }; targets?: { expr: string }[] };
  const board = JSON.parse(read(dashboard)) as { panels: Panel[]; templating: { list: { query: { query: string } }[] } };
  const shown = [
    ...board.panels.flatMap((it) => it.targets ?? []).map((it) => it.expr),
    ...board.templating.list.map((it) => it.query.query),
  ];
  const watched = (yaml(read(alerts)).groups as { rules: { expr: string }[] }[]).flatMap((it) => it.rules).map((it) => it.expr);
  const unknown = (expressions: readonly string[]): string[] => expressions.flatMap(metricsIn).filter((it) => !known.has(it));

  test('what is shown and watched is what the program registers', () => {
    expect(unknown(shown)).toEqual([]);
    expect(unknown(watched)).toEqual([]);
    expect(metricsIn('histogram_quantile(0.9, sum by (le, x) (rate(a_b{c="d"}[5m]))) > 1 unless on (x) max(e)')).toEqual([
      'a_b',
      'e',
    ]);
    expect(unknown(shown.map((it) => it.replace('kams_parked', 'kams_parket')))).toEqual(['kams_parket']);
    expect(unknown(watched.map((it) => it.replace('failing', 'fails')))).toEqual(['kams_projection_fails', 'kams_relay_fails']);
  });

  test('each panel asks the source that is provisioned', () => {
    const [source] = yaml(read('deploy/observability/grafana/provisioning/datasources/prometheus.yml')).datasources;
    const panels = board.panels.filter((it) => it.type !== 'row');
    expect(new Set(panels.map((it) => it.datasource?.uid))).toEqual(new Set([source.uid]));
    expect(panels.every((it) => it.targets!.length > 0)).toBe(true);
    expect(new Set(board.panels.map((it) => it.id)).size).toBe(board.panels.length);
  });

  test('each alarm goes off when it should, and not before', () => {
    if (!has('promtool', '--version')) return notRun('promtool');
    run('promtool', 'test', 'rules', 'deploy/observability/alerts-test.yml');
  });
});

describe('chart', () => {
  type Manifest = { kind: string; spec: any }; // eslint-disable-line @typescript-eslint/no-explicit-any
  const cases = readdirSync(join(root, chart, 'ci'));

  /** Of what is rendered, in words. */
  const faults = (manifests: readonly Manifest[]): string[] =>
    manifests
      .filter((it) => ['Deployment', 'Job'].includes(it.kind))
      .flatMap(({ spec: { template } }) => {
        const {
          securityContext,
          automountServiceAccountToken,
          enableServiceLinks,
          containers,
          initContainers = [],
        } = template.spec;
        const found: string[] = [];
        if (!securityContext?.runAsNonRoot) found.push('a pod may be root');
        if (securityContext?.seccompProfile?.type !== 'RuntimeDefault') found.push('a pod may make any system call');
        if (automountServiceAccountToken !== false) found.push('a pod has a token of Kubernetes');
        if (enableServiceLinks !== false) found.push('a pod is given variables that look like settings');
        for (const { securityContext: its } of [...containers, ...initContainers])
          if (!its?.readOnlyRootFilesystem || its.allowPrivilegeEscalation !== false || !its.capabilities?.drop?.includes('ALL'))
            found.push('a container is given more than it needs');
        return found;
      });

  test('helm takes it, with each of its example values, and no pod is given more than it needs', () => {
    if (!has('helm', 'version')) return notRun('helm');
    run('helm', 'lint', '--strict', chart);
    for (const it of cases) {
      const rendered = run('helm', 'template', 'kams', chart, '--kube-version', '1.34.0', '--values', `${chart}/ci/${it}`);
      const manifests = parseAllDocuments(rendered).map((document) => document.toJS() as Manifest);
      expect({ values: it, faults: faults(manifests) }).toEqual({ values: it, faults: [] });
      const deployments = manifests.filter((manifest) => manifest.kind === 'Deployment');
      expect(deployments).toHaveLength(services.length + 1);
      const broken = structuredClone(manifests);
      delete broken.find((manifest) => manifest.kind === 'Deployment')!.spec.template.spec.enableServiceLinks;
      expect(faults(broken)).toEqual(['a pod is given variables that look like settings']);
    }
  });

  test('every value has a place in the schema, and the other way round', () => {
    const { properties } = JSON.parse(read(`${chart}/values.schema.json`)) as { properties: Record<string, unknown> };
    const values = Object.keys(yaml(read(`${chart}/values.yaml`)));
    expect([...values, 'global'].sort()).toEqual(Object.keys(properties).sort());
  });
});
