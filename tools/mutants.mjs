// What would break a promise: a change of the text of a file, the test that must notice, and what it must say.
//
// Each is a fault that some system of this kind has had. One that its test does not notice is an open fault of the test.

const READ_MODEL = 'libs/platform/src/read-model/postgres-read-model.ts';
const CHECKPOINTS = 'libs/platform/src/read-model/checkpoints.ts';
const PARKING = 'libs/platform/src/read-model/parking.ts';
const LEASES = 'libs/platform/src/read-model/leases.ts';
const PROJECTOR = 'libs/eventing/src/run/projector.ts';
const APPEND = 'libs/eventing/src/store/postgres/append.sql';
const HANDLE = 'libs/eventing/src/run/handle.ts';
const READ = 'libs/platform/src/http/read.ts';
const LIST = 'libs/platform/src/http/list.ts';
const ACCESS = 'libs/platform/src/http/access.ts';
const EVENTS = 'libs/platform/src/http/events.controller.ts';
const READ_DATABASE = 'libs/platform/src/read-model/read-database.ts';
const QUERIES = 'libs/platform/src/read-model/queries.ts';
const TENANT_RULES = 'libs/platform/src/read-model/tenants.ts';

const NOTHING_LOST = { test: 'services/host/test/promises/p1-p2-nothing-lost.e2e.spec.ts', named: 'P1 P2 ', size: '0.3' };
const RETRIES = { test: 'services/host/test/promises/p3-retries.e2e.spec.ts', named: 'P3 ', size: '0.5' };
const ONE_WINNER = { test: 'services/host/test/promises/p4-one-winner.e2e.spec.ts', named: 'P4 ', size: '0.5' };
const ORDER = { test: 'libs/eventing/test/store/order-oracle/order-oracle.e2e.spec.ts', named: 'P5 ', size: '0.5' };
const SUBSCRIBED = 'libs/eventing/src/store/eventstoredb/subscription.ts';
const EVENTSTOREDB = { test: 'libs/eventing/test/store/eventstoredb.e2e.spec.ts' };
const EXACTLY_ONCE = { test: 'services/host/test/promises/p6-exactly-once.e2e.spec.ts', named: 'P6 ' };
const REBUILD = { test: 'services/accounts/test/rebuild.e2e.spec.ts', named: 'of about 2000 ' };
const READ_YOUR_WRITE = { test: 'services/host/test/promises/p8-read-your-write.e2e.spec.ts', named: 'P8 ', size: '0.3' };

const RELAY = 'libs/eventing/src/run/relay.ts';
const RELAYED = { test: 'libs/eventing/test/run/relay.spec.ts', named: 'whatever breaks, and whoever else relays' };
const KAFKA = 'libs/eventing/src/bus/kafka/client.ts';
const SECURED = { promise: 'tls', test: 'libs/eventing/test/bus/kafka/refusal.spec.ts' };
const SETTLED = { promise: 'tls', test: 'libs/platform/test/config.spec.ts' };
const READ_CONFIG = 'libs/platform/src/config/read-config.ts';
const INBOX = 'libs/eventing/src/run/inbox.ts';
const COLLECTED = { test: 'libs/eventing/test/run/inbox.spec.ts' };
const POISONED = { test: 'services/host/test/promises/p11-poison.e2e.spec.ts', named: 'P11 ' };
const ZOMBIES = { test: 'services/host/test/promises/p12-zombies.e2e.spec.ts', named: 'P12 ' };
const LEASE = 'libs/eventing/src/run/lease.ts';
const SAMPLES = { test: 'services/accounts/test/samples.spec.ts', named: 'P13 ' };
const UPCAST = { test: 'libs/eventing/test/run/upcast.spec.ts', named: 'P13 ' };
const ERASED = { test: 'services/accounts/test/contacts.e2e.spec.ts', named: 'P14 ' };
const KEYS = { test: 'libs/platform/test/person-keys.e2e.spec.ts', named: 'P14 ' };
const TENANTS = { test: 'services/host/test/promises/p15-tenants.e2e.spec.ts', named: 'P15 ' };
const FIELDS = { test: 'services/accounts/test/rights/fields.e2e.spec.ts', named: 'P16 ' };
const CELLS = { test: 'services/accounts/test/rights/matrix.e2e.spec.ts', named: 'P16 ' };
const TOKENS = { test: 'libs/platform/test/access.e2e.spec.ts', named: 'P17 ' };
const DENIED = { ...TOKENS, named: 'P18 ' };

const LISTENED = { promise: 'listener', test: 'services/host/test/kafka/listener.e2e.spec.ts' };
const TIERS = { promise: 'tier', test: 'services/accounts/test/tiers.e2e.spec.ts' };
const TIER_QUERIES = 'services/accounts/src/api/tiers.ts';

const TELEMETRY = { promise: 'telemetry', test: 'libs/platform/test/telemetry.e2e.spec.ts' };
const GIFTS = { promise: 'gift caps', size: '0.5' };
const GIFT_LEDGER = 'services/accounts/src/domain/gift-ledger.ts';

const OWNED = '          if (!(await moveCheckpoint(manager, schema, name, side, from, to, proof))) return false;\n';
const WRITTEN = '          await write(manager, projection, side, { upsert, remove });\n          if (holding) {';

export const MUTANTS = [
  {
    promise: 'P1',
    name: 'answered-before-the-commit',
    ...NOTHING_LOST,
    // Or a reader finds first that what it was told of is not there, and the node stands.
    shows: /\blost(=[1-9]|: what .* was acknowledged)|"code":"log-damaged"/,
    changes: [
      {
        file: 'libs/eventing/src/store/postgres/connection.ts',
        from: '      return await askOn(client, statement, values);\n    } catch (error) {',
        to: `      if (statement.name !== 'es.append_batch') return await askOn(client, statement, values);
      await client.query('begin');
      const rows = await askOn(client, statement, values);
      const held = client;
      setTimeout(() => void held.query('commit').catch(() => undefined).finally(() => held.release()), 20);
      client = { release: () => undefined } as unknown as PoolClient;
      return rows;
    } catch (error) {`,
      },
    ],
  },
  {
    promise: 'P1',
    name: 'lost-answer-taken-for-a-commit',
    ...NOTHING_LOST,
    shows: /\blost(=[1-9]|: what .* was acknowledged)/,
    changes: [
      {
        file: HANDLE,
        from: '        unknown ||= error instanceof OutcomeUnknown;\n',
        to: `        if (error instanceof OutcomeUnknown)
          return { status: 'appended' as const, revision: revision + events.length, position: START };
        unknown ||= error instanceof OutcomeUnknown;\n`,
      },
    ],
  },
  {
    promise: 'P1',
    name: 'durability-not-looked-at',
    test: 'libs/eventing/test/store/postgres-opening.e2e.spec.ts',
    named: 'P1 ',
    shows: /not-durable/,
    changes: [
      {
        file: 'libs/eventing/src/store/postgres/install.ts',
        from: '    if (off.length > 0) throw notDurable(off);\n',
        to: '',
      },
    ],
  },
  {
    promise: 'P2',
    name: 'events-stored-one-by-one',
    ...NOTHING_LOST,
    shows: /\bpartial=[1-9]/,
    changes: [
      {
        file: 'libs/eventing/src/store/postgres/postgres-store.ts',
        from: '      const append = toAppend(stream, expected, events);\n      ensureOpen();\n      return commits.append(append);\n',
        to: `      ensureOpen();
      let last;
      for (const [i, it] of events.entries()) {
        const before = typeof expected === 'number' ? expected + i : expected === 'none' && i > 0 ? i - 1 : expected;
        last = await commits.append(toAppend(stream, before, [it]));
      }
      return last!;
`,
      },
    ],
  },
  {
    promise: 'P2',
    name: 'refused-command-leaves-its-first-event',
    ...ONE_WINNER,
    shows: /(won-another|left-by-losers|events)=-?[1-9]/,
    changes: [
      {
        file: APPEND,
        from: 'from unnest(e_append) with ordinality i(ap, e) where ok[i.ap];',
        to: 'from unnest(e_append) with ordinality i(ap, e) where ok[i.ap] or i.e = array_position(e_append, i.ap);',
      },
    ],
  },
  {
    promise: 'P3',
    name: 'key-not-stored-with-the-events',
    ...RETRIES,
    shows: /\b(doubled|different|refused)=[1-9]/,
    changes: [
      {
        file: HANDLE,
        from: '        commandId,\n        commandHash: await hashBy(',
        to: '        commandId: newId(),\n        commandHash: await hashBy(',
      },
      {
        file: HANDLE,
        from: "        const outcome = entry.revision < 0 ? 'opened' : 'changed';\n",
        to: `        const outcome = entry.revision < 0 ? 'opened' : 'changed';
        entry.commands.set(commandId, { hash: metadata.commandHash, first: entry.revision + 1, revision, position });\n`,
      },
    ],
  },
  {
    promise: 'P3',
    name: 'key-taken-for-another-body',
    ...RETRIES,
    shows: /other-body-taken=[1-9]/,
    changes: [{ file: HANDLE, from: 'if (known.hash !== (await hashBy(known.person))) throw new CommandIdReused();', to: '' }],
  },
  {
    promise: 'P4',
    name: 'expected-revision-not-compared',
    ...ONE_WINNER,
    shows: /won-another=[1-9]/,
    changes: [
      {
        file: APPEND,
        from: 'array_agg((a.x in (coalesce(l.revision, -1), -2) or a.x = -3 and l.revision is not null) is true order by a.no)',
        to: 'array_agg(true order by a.no)',
      },
    ],
  },
  {
    promise: 'P5',
    name: 'positions-from-a-sequence',
    ...ORDER,
    shows: /\bmissed=[1-9]/,
    changes: [
      {
        file: 'libs/eventing/src/store/postgres/schema.sql',
        from: 'create schema es;\n',
        to: 'create schema es;\ncreate sequence es.numbers;\n',
      },
      { file: APPEND, from: "  perform pg_advisory_xact_lock('es.events'::regclass::oid::int, 1);\n", to: '' },
      { file: APPEND, from: 'head + row_number() over (order by i.ap, i.e),', to: "nextval('es.numbers')," },
    ],
  },
  {
    promise: 'P5',
    name: 'checkpoint-believed-before-what-is-in-front-of-it',
    ...EVENTSTOREDB,
    named: 'a checkpoint arrives before what is in front of it',
    shows: /expect\(received\)\.toBe\(expected\)/,
    changes: [{ file: SUBSCRIBED, from: 'taken: taken + source.waiting() }', to: 'taken: 0 }' }],
  },
  {
    promise: 'P5',
    name: 'subscribed-again-from-where-it-began',
    ...EVENTSTOREDB,
    named: 'goes on when the server dies',
    shows: /expect\(received\)\.toEqual\(expected\)/,
    changes: [{ file: SUBSCRIBED, from: 'of once(subscribing, at))', to: 'of once(subscribing, subscribing.after))' }],
  },
  {
    promise: 'P6',
    name: 'checkpoint-before-effect',
    ...EXACTLY_ONCE,
    shows: /\bmissing=[1-9]/,
    changes: [{ file: READ_MODEL, from: OWNED, to: OWNED.replace('(manager', '(source.manager') }],
  },
  {
    promise: 'P6',
    name: 'effect-before-checkpoint',
    ...EXACTLY_ONCE,
    shows: /\bdoubled=[1-9]/,
    changes: [
      { file: READ_MODEL, from: WRITTEN, to: '          if (holding) {' },
      {
        file: READ_MODEL,
        from: OWNED,
        to: `          await write(source.manager, projection, side, { upsert, remove });\n${OWNED}`,
      },
    ],
  },
  {
    promise: 'P6',
    name: 'statements-of-a-transaction-at-once',
    ...EXACTLY_ONCE,
    shows: /\bdoubled=[1-9]/,
    changes: [
      { file: READ_MODEL, from: WRITTEN, to: '          if (holding) {' },
      {
        file: READ_MODEL,
        from: OWNED,
        to: `          const [isOurs] = await Promise.all([
            moveCheckpoint(manager, schema, name, side, from, to, proof),
            write(manager, projection, side, { upsert, remove }),
          ]);
          if (!isOurs) return false;\n`,
      },
    ],
  },
  {
    promise: 'P6',
    name: 'checkpoint-not-compared',
    ...EXACTLY_ONCE,
    shows: /\b(doubled|missing)=[1-9]/,
    changes: [
      {
        file: CHECKPOINTS,
        from: 'and epoch = $8 and position = $9 and generation = $10',
        to: 'and epoch = $8 and $9::text is not null and generation = $10',
      },
    ],
  },
  {
    promise: 'P7',
    name: 'clock-in-a-row',
    ...REBUILD,
    shows: /accounts, (page by page|never rebuilt)/,
    changes: [
      {
        file: 'services/accounts/src/projections/accounts.ts',
        from: 'row && { ...row, ...to, changed_at: event.recordedAt };',
        to: "row && event && { ...row, ...to, changed_at: new Date().toISOString().replace('Z', '000Z') };",
      },
    ],
  },
  {
    promise: 'P7',
    name: 'order-of-a-select',
    ...REBUILD,
    shows: /history, (page by page|never rebuilt|rebuilt in silence)/,
    changes: [
      {
        file: 'libs/eventing/src/run/history.ts',
        from: 'if (row.valid_from <= from && from < row.valid_to) covering = row;',
        to: 'if (row.valid_from <= from) covering = row;',
      },
      // Without an order by, any will do.
      {
        file: READ_MODEL,
        from: "$2` : ''}`,",
        to: "$2` : ''} order by random()`,",
      },
    ],
  },
  {
    promise: 'P7',
    name: 'rows-closed-at-this-very-instant-not-read',
    test: 'libs/eventing/test/run/projector.spec.ts',
    named: 'what became known at one instant',
    shows: /Expected|Received/,
    changes: [{ file: PROJECTOR, from: 'const since = sinceOf(occurrences);', to: "const since = '9';" }],
  },
  {
    promise: 'P12',
    name: 'page-that-outlives-its-lease-begun-again',
    test: 'libs/eventing/test/run/projector.spec.ts',
    named: 'rows of which a page takes longer than the lease',
    shows: /Expected|Received/,
    changes: [{ file: PROJECTOR, from: 'paced(occurrences.length, performance.now() - began);', to: '' }],
  },
  {
    promise: 'P8',
    name: 'token-ignored',
    ...READ_YOUR_WRITE,
    shows: /\bstale=[1-9]/,
    changes: [{ file: READ, from: 'if (token !== undefined) await this.comeTo(options, token);', to: 'void options;' }],
  },
  {
    promise: 'P8',
    name: 'readers-told-before-the-commit',
    ...READ_YOUR_WRITE,
    shows: /\bstale=[1-9]/,
    changes: [
      {
        file: 'libs/eventing/src/run/projector.ts',
        from: '      if (!(await commit(change))) return false;',
        to: '      place.advance(to);\n      if (!(await commit(change))) return false;',
      },
    ],
  },
  {
    promise: 'P8',
    name: 'no-word-of-when-to-come-again',
    ...READ_YOUR_WRITE,
    shows: /without-retry-after=[1-9]/,
    changes: [{ file: READ, from: "{ 'Retry-After': '1' }", to: '{}' }],
  },
  {
    promise: 'P6',
    name: 'what-waits-not-counted',
    test: 'libs/platform/test/read-model.e2e.spec.ts',
    named: 'only while no more waits than was counted',
    shows: /expect\(received\)\.toBe\(expected\)/,
    changes: [{ file: PARKING, from: 'and p.waiting = $4 and exists', to: 'and $4::bigint > 0 and exists' }],
  },
  {
    promise: 'P8',
    name: 'pages-that-change-nothing-never-noted',
    test: 'libs/eventing/test/run/projector.spec.ts',
    named: 'pages that change no row are noted together',
    shows: /expect\(received\)\.toBe\(expected\)/,
    changes: [{ file: PROJECTOR, from: '      noting ??= setTimeout(() => void back.alone(note), NOTED_AFTER_MS);\n', to: '' }],
  },
  {
    promise: 'P8',
    name: 'a-checkpoint-that-is-another-is-not-read-again',
    test: 'libs/eventing/test/run/projector.spec.ts',
    named: 'a checkpoint that is another one than was noted last',
    shows: /expect\(received\)\.toBe\(expected\)/,
    changes: [{ file: PROJECTOR, from: 'to: ahead }))) turn.abort();', to: 'to: ahead }))) return;' }],
  },
  {
    promise: 'P8',
    name: 'what-is-noted-does-not-wait-for-the-disk',
    test: 'libs/platform/test/read-model.e2e.spec.ts',
    named: 'that readers are told of wait for the disk',
    shows: /"how": "off"/,
    changes: [{ file: READ_MODEL, from: 'from, to, proof, ON_DISK)', to: 'from, to, proof)' }],
  },
  {
    promise: 'P9',
    name: 'relay-does-not-wait-for-the-broker',
    ...RELAYED,
    shows: /Property failed|toBe\(expected\)/,
    changes: [
      {
        file: RELAY,
        from: 'unlessAborted(signal, to.publish(topic, events))',
        to: 'Promise.resolve(void to.publish(topic, events).catch(() => undefined))',
      },
    ],
  },
  {
    promise: 'P9',
    name: 'relay-begins-behind-what-failed',
    ...RELAYED,
    shows: /Property failed|toBe\(expected\)/,
    changes: [
      {
        file: RELAY,
        from: 'const start = checkpoint?.epoch === epoch ? checkpoint.position : START;',
        to: 'const start = (await store.head()).position;',
      },
    ],
  },
  {
    promise: 'P9',
    name: 'relay-without-its-lease',
    test: RELAYED.test,
    named: 'who does not own it any more',
    shows: /toEqual/,
    changes: [{ file: RELAY, from: '      if (owner && !owner.holds() && !(await owner.confirm())) return;\n', to: '' }],
  },
  {
    promise: 'P9',
    name: 'topic-asked-for-with-each-lease',
    test: RELAYED.test,
    named: 'who owns it for a moment only',
    shows: /toHaveLength/,
    changes: [{ file: RELAY, from: 'if (!isTopicThere) await unlessAborted', to: 'await unlessAborted' }],
  },
  {
    promise: 'P9',
    name: 'marked-before-anything-is-published',
    test: RELAYED.test,
    named: 'who owns it for a moment only',
    shows: /toHaveLength/,
    changes: [
      {
        file: RELAY,
        from: 'if (!page || (isPublishing && performance.now() > marked.at + MARK_EVERY_MS)) {',
        to: 'if (checkpoint || isPublishing) {',
      },
    ],
  },
  {
    promise: 'P9',
    name: 'restored-store-not-asked-for-what-is-on-the-topic',
    test: RELAYED.test,
    named: 'a store without what is on the topic',
    shows: /toMatch/,
    changes: [{ file: RELAY, from: 'isStillThere(it, log)))', to: 'isStillThere(it, log)) && epoch === topic)' }],
  },
  {
    promise: 'P10',
    name: 'what-is-told-twice-taken-twice',
    ...COLLECTED,
    named: 'what is told twice is kept once',
    shows: /toHaveLength/,
    changes: [{ file: INBOX, from: '      if (revision <= before) continue;\n', to: '' }],
  },
  {
    promise: 'P10',
    name: 'hole-in-a-stream-not-healed',
    ...COLLECTED,
    named: 'what is told twice is kept once',
    shows: /toHaveLength/,
    changes: [{ file: INBOX, from: 'if (revision > before + 1 && !isWhole) {', to: 'if (revision < before && !isWhole) {' }],
  },
  {
    promise: 'P10',
    name: 'joined-without-the-past',
    ...COLLECTED,
    named: 'a service that starts late',
    shows: /toHaveLength/,
    changes: [{ file: INBOX, from: '      if (position === at) break;\n', to: '      if (position !== at) break;\n' }],
  },
  {
    promise: 'P10',
    name: 'offsets-without-their-events',
    test: 'libs/platform/test/inbox.e2e.spec.ts',
    named: 'a view of another service shows',
    shows: /toHaveLength/,
    changes: [
      {
        file: 'libs/platform/src/read-model/inbox.ts',
        from: 'select $1, r.* from moved,',
        to: 'select $1, r.* from (select from moved limit 0) none,',
      },
    ],
  },
  {
    promise: 'P10',
    name: 'restored-producer-not-asked-for-what-was-collected',
    ...COLLECTED,
    named: 'it goes on when the log was restored',
    shows: /toMatch/,
    changes: [{ file: INBOX, from: '    if (!(await isStillThere(newest, past))) throw new LogDamaged(cure);\n', to: '' }],
  },
  {
    promise: 'P8',
    name: 'watermark-before-its-ends-are-reached',
    ...COLLECTED,
    named: 'what was public at a place of the log',
    shows: /toBeUndefined/,
    changes: [{ file: INBOX, from: "([it, end]) => end <= (offsets[it] ?? '')", to: '() => true' }],
  },
  {
    promise: 'P9',
    name: 'newer-events-passed-over',
    test: RELAYED.test,
    named: 'what a newer release has stored',
    shows: /toMatch|toEqual/,
    changes: [{ file: RELAY, from: 'known(byName.get(categoryOf(it.stream))!, it)', to: 'it' }],
  },
  {
    promise: 'P12',
    name: 'late-renewal-taken-for-a-loss',
    test: 'libs/platform/test/leases.e2e.spec.ts',
    named: 'an owner that renews too late goes on',
    shows: /not within 5 s|toEqual/,
    changes: [{ file: LEASE, from: 'void late().then(() => (it.holds() ? watch() : it.end()))', to: 'it.end()' }],
  },
  {
    ...SECURED,
    name: 'certificate-of-anybody',
    named: 'no authority that is trusted has signed',
    shows: /Received: +"Kafka is away/,
    changes: [{ file: KAFKA, from: 'rejectUnauthorized: true', to: 'rejectUnauthorized: false' }],
  },
  {
    name: 'certificate-as-the-environment-says',
    ...SECURED,
    named: 'no authority that is trusted has signed',
    shows: /"NODE_TLS_REJECT_UNAUTHORIZED":"0"[^]*Received: +"Kafka is away/,
    changes: [{ file: KAFKA, from: "{ rejectUnauthorized: true, minVersion: 'TLSv1.2' }", to: "{ minVersion: 'TLSv1.2' }" }],
  },
  {
    name: 'certificate-of-any-name',
    ...SECURED,
    named: 'of another name than it was called by',
    shows: /Expected pattern: [^\n]*of another name/,
    changes: [
      { file: KAFKA, from: 'rejectUnauthorized: true', to: 'rejectUnauthorized: true, checkServerIdentity: () => undefined' },
    ],
  },
  {
    name: 'kafka-elsewhere-in-clear',
    ...SETTLED,
    named: 'the brokers of Kafka are',
    shows: /must be on this machine/,
    changes: [
      {
        file: READ_CONFIG,
        from: 'if (config.kafkaTls !== true && config.kafkaBrokers',
        to: 'if (config.kafkaBrokers === undefined && config.kafkaBrokers',
      },
    ],
  },
  {
    name: 'kafka-password-in-clear',
    ...SETTLED,
    named: 'is said with TLS only in production',
    shows: /KAMS_KAFKA_TLS: must be true/,
    changes: [
      {
        file: READ_CONFIG,
        from: 'if (config.kafkaTls !== true && config.kafkaUser',
        to: 'if (config.kafkaUser === undefined && config.kafkaUser',
      },
    ],
  },
  {
    promise: 'P22',
    name: 'ready-only-with-kafka',
    test: 'libs/platform/test/relay.e2e.spec.ts',
    named: 'commands, reads and readiness do not need it',
    shows: /expect\(received\)\.toBe\(expected\)/,
    changes: [
      {
        file: 'libs/platform/src/run/runtime.ts',
        from: '[...this.projections(), ...this.working]',
        to: '[...this.projections(), ...this.working, ...this.relaying]',
      },
    ],
  },
  {
    promise: 'P11',
    name: 'poison-skipped',
    ...POISONED,
    shows: /> \d+ \|\s+expect\(names\(all\)\)/,
    changes: [
      {
        file: PROJECTOR,
        from: '        if (!(error instanceof Poison)) throw error;\n        open(event, group, error);',
        to: '        if (!(error instanceof Poison)) throw error;',
      },
    ],
  },
  {
    promise: 'P11',
    name: 'poison-stops-its-reader',
    ...POISONED,
    shows: /> \d+ \|\s+expect\((names\(all\)|worst - stall)\)/,
    changes: [
      {
        file: PROJECTOR,
        from: '        if (!(error instanceof Poison)) throw error;\n        open(event, group, error);',
        to: '        throw error;',
      },
    ],
  },
  {
    promise: 'P11',
    name: 'tried-for-ever-and-never-parked',
    ...POISONED,
    shows: /> \d+ \|\s+expect\(await tried\(\)\)/,
    changes: [
      {
        file: 'libs/eventing/src/run/parking.ts',
        from: 'const parked = it.parked || it.tries >= TRY_AGAIN_MS.length;',
        to: 'const parked = it.parked;',
      },
    ],
  },
  {
    promise: 'P11',
    name: 'all-that-waits-tried-while-the-reader-waits',
    test: 'libs/eventing/test/run/parking.spec.ts',
    named: 'when it comes behind what is just handled',
    shows: /expect\(received\)\.toBe\(expected\)/,
    changes: [
      {
        file: 'libs/eventing/src/run/parking.ts',
        from: 'return fresh && attempt(fresh, most, true);',
        to: 'return fresh && attempt(fresh, fresh.waiting, true);',
      },
    ],
  },
  {
    promise: 'P12',
    name: 'lock-without-fencing',
    ...ZOMBIES,
    shows: /fenced_writes=[1-9]/,
    changes: [
      {
        file: LEASES,
        from: 'where name = $${first + 1} and owner = $${first + 2} and fencing = $${first + 3} returning 1)`',
        to: "where name = $${first + 1} and $${first + 2}::text > '' and $${first + 3}::bigint > 0 returning 1)`",
      },
    ],
  },
  {
    promise: 'P13',
    name: 'field-renamed-without-upcast',
    ...SAMPLES,
    shows: /\b(unreadable|losses)=[1-9]/,
    changes: [
      {
        file: 'libs/contracts/src/accounts/hierarchy.ts',
        from: 'validTo, reason: text(500).optional()',
        to: 'validTo, why: text(500).optional()',
      },
    ],
  },
  {
    promise: 'P13',
    name: 'event-with-another-meaning',
    ...SAMPLES,
    shows: /\bfolded-otherwise=[1-9]/,
    changes: [
      {
        file: 'services/accounts/src/domain/account.ts',
        from: '{ ...account.ratings, [code]: { raw, eventId } }',
        to: '{ ...account.ratings, [code]: { raw: code, eventId } }',
      },
    ],
  },
  {
    promise: 'P13',
    name: 'upcasts-not-applied',
    ...UPCAST,
    shows: /projections read every version/,
    changes: [{ file: 'libs/eventing/src/run/upcast.ts', from: '    data = step(data);\n', to: '' }],
  },
  {
    promise: 'P13',
    name: 'unreadable-version-taken-as-it-is',
    ...UPCAST,
    shows: /says so to its reader/,
    changes: [
      {
        file: 'libs/eventing/src/run/upcast.ts',
        from: '    if (!step) throw unreadable(name, event);',
        to: '    if (!step) return event;',
      },
    ],
  },
  {
    promise: 'P14',
    name: 'what-was-asked-in-the-log',
    ...ERASED,
    shows: /\bin-log=[1-9]/,
    changes: [
      {
        file: 'libs/platform/src/http/problem-filter.ts',
        from: 'send(request, reply, problemIn(error, runtime), runtime.problems);',
        to: 'send(request, reply, problemIn(Object.assign(error as Error, { body: request.body }), runtime), runtime.problems);',
      },
    ],
  },
  {
    promise: 'P14',
    name: 'what-is-personal-in-the-clear',
    ...ERASED,
    shows: /\bhits=[1-9]/,
    changes: [
      {
        file: 'libs/contracts/src/accounts/contact.ts',
        from: 'interests: field(personal(text(2_000))',
        to: 'interests: field(text(2_000)',
      },
    ],
  },
  {
    promise: 'P14',
    name: 'key-of-the-person-left',
    ...ERASED,
    shows: /an erased person is unreadable/,
    changes: [
      {
        file: 'libs/eventing/src/personal/vault.ts',
        from: '    await this.keys.destroy(persons);\n',
        to: '',
      },
    ],
  },
  {
    promise: 'P14',
    name: 'erasure-takes-the-row-only',
    ...KEYS,
    shows: /can not be brought back/,
    changes: [
      {
        file: 'libs/eventing/src/personal/postgres-person-keys.ts',
        from: '      if (rowCount === 0) return;',
        to: '      if (rowCount !== null) return;',
      },
    ],
  },
  {
    promise: 'P15',
    name: 'condition-forgotten-and-the-role-too',
    ...TENANTS,
    shows: /P15 FAIL .*foreign_rows=[1-9]|acme/,
    changes: [
      { file: LIST, from: '  const values: unknown[] = [reader.tenantId];', to: '  const values: unknown[] = [];' },
      { file: LIST, from: "  const conditions = ['tenant_id = $1'];", to: "  const conditions = ['true'];" },
      { file: READ_DATABASE, from: '        onConnect: become(ROLES.query),\n', to: '' },
    ],
  },
  {
    promise: 'P15',
    name: 'queries-in-the-role-of-projectors',
    ...TENANTS,
    shows: /of the pools of a process is that of their roles/,
    changes: [{ file: READ_DATABASE, from: 'become(ROLES.query)', to: 'become(ROLES.projector)' }],
  },
  {
    promise: 'P15',
    name: 'policy-shows-every-tenant',
    ...TENANTS,
    shows: /beyond one tenant/,
    changes: [
      {
        file: TENANT_RULES,
        from: 'for select to ${ROLES.query} using (${OF_TENANT})',
        to: 'for select to ${ROLES.query} using (true)',
      },
    ],
  },
  {
    promise: 'P15',
    name: 'tenant-left-on-the-connection',
    ...TENANTS,
    shows: /some cut off, answer each with its own/,
    changes: [{ file: QUERIES, from: "1: 'select set_config($1, $2, true)'", to: "1: 'select set_config($1, $2, false)'" }],
  },
  {
    promise: 'P15',
    name: 'search-forgets-the-tenant',
    ...TENANTS,
    shows: /__searched is a view that shows|__searched/,
    changes: [
      {
        file: TENANT_RULES,
        from: '`create view ${view} as select * from ${quote(schema)}.${quote(name)} where ${OF_TENANT}`',
        to: '`create view ${view} as select * from ${quote(schema)}.${quote(name)}`',
      },
    ],
  },
  {
    promise: 'P16',
    name: 'answers-not-masked',
    ...FIELDS,
    shows: /P16 FAIL .*leaks=[1-9]/,
    changes: [{ file: READ, from: 'withoutUnseen(it as object, options, rights)', to: '(it as object)' }],
  },
  {
    promise: 'P16',
    name: 'sorted-by-what-is-not-seen',
    test: 'libs/platform/test/hidden-fields.e2e.spec.ts',
    named: 'P16 ',
    shows: /nobody sorts by it/,
    changes: [
      {
        file: READ,
        from: "const said = name === 'sort' ? String(value).replace('-', '') : name;",
        to: "if (name === 'sort') return [];\n    const said = name;",
      },
    ],
  },
  {
    promise: 'P16',
    name: 'team-not-in-the-query',
    ...CELLS,
    shows: /sees the accounts that are theirs in lists/,
    changes: [
      {
        file: LIST,
        from: '  if (reader.accounts && account !== null) conditions',
        to: '  if (reader.accounts?.length === -1 && account !== null) conditions',
      },
    ],
  },
  {
    promise: 'P16',
    name: 'stream-asks-for-no-account',
    ...CELLS,
    shows: /sees the accounts that are theirs in lists/,
    changes: [
      {
        file: EVENTS,
        from: '  if (rights.isEverywhere(category, STREAM_ACTION)) return true;',
        to: '  if (rights.may(category, STREAM_ACTION)) return true;',
      },
    ],
  },
  {
    promise: 'P18',
    name: 'silent-route-let-through',
    ...DENIED,
    shows: /a route that says neither is refused/,
    changes: [
      {
        file: ACCESS,
        from: '    if (!config?.requires && !config?.isPublic && !PAGES.test(url)) {',
        to: "    if (url === '') {",
      },
    ],
  },
  {
    promise: 'P18',
    name: 'requirement-not-asked',
    ...CELLS,
    named: 'P16 P18 ',
    shows: /may do what the policy says/,
    changes: [
      {
        file: ACCESS,
        from: "done(meets(rights, requires) ? undefined : new Problem('forbidden', { requires }));",
        to: 'done(meets(rights, requires) ? undefined : undefined);',
      },
    ],
  },
  {
    promise: 'P17',
    name: 'audience-not-looked-at',
    ...TOKENS,
    shows: /for another audience is 401/,
    changes: [{ file: 'libs/platform/src/tokens/verify.ts', from: '        audience,\n', to: '' }],
  },
  {
    promise: 'P17',
    name: 'token-of-another-type',
    ...TOKENS,
    shows: /for identity is 401/,
    changes: [{ file: 'libs/platform/src/tokens/verify.ts', from: "        typ: 'at+jwt',\n", to: '' }],
  },
  {
    ...TELEMETRY,
    name: 'order-out-of-its-trace',
    named: 'keep a caller in the trace',
    shows: /-\s+"rang": "00-/,
    changes: [{ file: 'libs/eventing/src/run/order.ts', from: '    causationId,\n    traceparent,\n', to: '    causationId,\n' }],
  },
  {
    ...TELEMETRY,
    name: 'bulk-out-of-its-trace',
    named: 'store that of a bulk',
    shows: /Expected value|-\s+"00-/,
    changes: [{ file: 'libs/platform/src/http/bulk.ts', from: 'asker, ofLine), traceparent }', to: 'asker, ofLine) }' }],
  },
  {
    ...TELEMETRY,
    name: 'address-in-a-span',
    named: 'tells one trace',
    shows: /Received: +"POST \/accounts\/[0-9a-f]{8}-/,
    changes: [
      {
        file: 'libs/platform/src/http/tracing.ts',
        from: 'const routeOf = ({ routeOptions: { url } }: FastifyRequest)',
        to: 'const routeOf = ({ url }: FastifyRequest)',
      },
    ],
  },
  {
    ...TELEMETRY,
    name: 'sdk-loaded-for-nobody',
    named: 'has no SDK in its memory',
    shows: /sdk-trace/,
    changes: [
      {
        file: 'libs/platform/src/run/tracing.ts',
        from: "if (!endpoint || env['OTEL_SDK_DISABLED'] === 'true') return undefined;",
        to: "if (!endpoint) return void (await import('@opentelemetry/sdk-trace'));",
      },
    ],
  },
  {
    ...TELEMETRY,
    name: 'series-for-every-address',
    named: 'are as many as before',
    shows: /kams_http_request_seconds/,
    changes: [{ file: 'libs/platform/src/http/server.ts', from: "request.routeOptions.url ?? 'none'", to: 'request.url' }],
  },
  {
    name: 'listener-skips-what-failed',
    ...LISTENED,
    named: 'what a handler throws is tried again',
    changes: [
      {
        file: 'libs/platform/src/bus/event-strategy.ts',
        from: '      if (done !== undefined) await',
        to: '      done = offset;\n      if (done !== undefined) await',
      },
    ],
    shows: /Expected|Received/,
  },
  {
    name: 'listener-leaves-its-handlers-at-work',
    ...LISTENED,
    named: 'who ends and comes back',
    changes: [{ file: 'libs/platform/src/bus/event-strategy.ts', from: '    await this.#running;\n', to: '' }],
    shows: /Expected: 0/,
  },
  {
    name: 'tier-list-by-what-is-known-now',
    ...TIERS,
    named: 'as known before the correction',
    changes: [
      {
        file: TIER_QUERIES,
        from: '    [reader.tenantId, asOf, known, after, reader.accounts, tier ?? null, limit],',
        to: "    [reader.tenantId, asOf, 'infinity', after, reader.accounts, tier ?? null, limit],",
      },
    ],
    shows: /Was better/,
  },
  {
    name: 'effective-tier-of-the-root',
    ...TIERS,
    named: 'the effective tier is that of the nearest',
    changes: [
      {
        file: TIER_QUERIES,
        from: 'stood.is_designated desc, distance limit 1',
        to: 'stood.is_designated desc, distance desc limit 1',
      },
    ],
    shows: /Expected|Received/,
  },
  {
    name: 'what-if-begins-from-nowhere',
    ...TIERS,
    named: 'the year is told as it would have been',
    changes: [
      {
        file: 'libs/methods/src/tier-replay.ts',
        from: 'current: would, score: result.total',
        to: 'current: { tier: null, below: 0 }, score: result.total',
      },
    ],
    shows: /Expected|Received/,
  },
  {
    ...GIFTS,
    name: 'gift-cap-at-its-own-instant-alone',
    test: 'services/accounts/test/gift-caps.spec.ts',
    named: 'hold at every instant',
    shows: /over the cap: \d+ at/,
    changes: [
      {
        file: GIFT_LEDGER,
        from: 'perRecipient - peakUse(countedIn(others), at)',
        to: 'perRecipient - capUse(countedIn(others), at) + 0 * peakUse([], at)',
      },
    ],
  },
  {
    ...GIFTS,
    name: 'gifts-of-a-recipient-in-several-streams',
    test: 'services/host/test/gifts-at-once.e2e.spec.ts',
    named: 'never go over the cap',
    shows: /\+\s+"over": Array \[/,
    changes: [
      {
        file: 'libs/contracts/src/accounts/gift-ledger.ts',
        from: 'naturalKey: ({ contactId }) => [contactId]',
        to: 'naturalKey: ({ contactId, giftId }) => [contactId, giftId]',
      },
    ],
  },
  {
    name: 'relationship-old-judgement-counts',
    promise: 'relationship',
    test: 'services/accounts/test/relationship.spec.ts',
    named: 'the mean of all who judged within 180 days',
    shows: /Expected|Received/,
    changes: [
      {
        file: 'services/accounts/src/domain/relationship.ts',
        from: 'msOf(countsUntil(other.at)) > msOf(at)',
        to: 'msOf(at) > 0',
      },
    ],
  },
  {
    name: 'relationship-as-known-today',
    promise: 'relationship',
    test: 'services/accounts/test/relationships.e2e.spec.ts',
    named: 'is of that day, by what was known on another',
    shows: /Expected|Received/,
    changes: [
      {
        file: 'services/accounts/src/api/relationship.ts',
        from: 'recorded_at <= $4',
        to: "recorded_at <= coalesce($4::timestamptz, 'infinity') + interval '100 years'",
      },
    ],
  },
];

/** The text of a file after a change. @throws where the text to change is not there, or more than once */
export function changed(text, { file, from, to }) {
  const times = text.split(from).length - 1;
  if (times !== 1) throw new Error(`${file} has ${times} times what is to be changed: ${from.trim().split('\n')[0]}`);
  return text.replace(from, () => to);
}
