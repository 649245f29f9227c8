import { createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { BadConfig } from '../src/config/bad-config';
import { openDevelopmentIssuer } from '../src/tokens/development-issuer';
import { issuerKeys, type IssuerKeysOptions } from '../src/tokens/issuer-keys';
import { IssuerUnavailable, TokenRefused } from '../src/tokens/refusal';
import { TokenVerifier, type VerifierOptions } from '../src/tokens/verify';

const ISSUER = 'https://id.example.com';
const now = (): number => Math.floor(Date.now() / 1_000);

const ours = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const foreign = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const publicJwk = (key: KeyObject, kid: string) => ({ ...key.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' });

const encode = (part: object | string): string =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');

/** Signs whatever it is given, as jose would not. */
function signed(header: object | string, claims: object | string, key: KeyObject = ours.privateKey): string {
  const text = `${encode(header)}.${encode(claims)}`;
  return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

const HEADER = { alg: 'ES256', typ: 'at+jwt', kid: 'key-1' };
const claims = (other: object = {}) => ({
  iss: ISSUER,
  aud: 'kams',
  sub: 'marker-subject',
  tenant: 'acme',
  iat: now(),
  exp: now() + 600,
  ...other,
});
const token = (otherClaims: object = {}, otherHeader: object = {}): string =>
  signed({ ...HEADER, ...otherHeader }, claims(otherClaims));

/** Serves a key set and counts who asks. */
class KeyServer {
  requests = 0;
  keys: object[] = [publicJwk(ours.publicKey, 'key-1')];
  answer = (response: ServerResponse): unknown => response.end(JSON.stringify({ keys: this.keys }));
  #server: Server | undefined;
  #port = 0;

  async start(): Promise<void> {
    this.#server = createServer((_, response) => {
      this.requests++;
      this.answer(response);
    });
    await new Promise<void>((done) => this.#server?.listen(this.#port, '127.0.0.1', done));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((done) => this.#server?.close(done));
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/certs`;
  }
}

let server: KeyServer;
beforeEach(async () => {
  server = new KeyServer();
  await server.start();
});
afterEach(() => server.stop());

const verifier = (keyOptions: IssuerKeysOptions = {}, options: Partial<VerifierOptions> = {}): TokenVerifier =>
  new TokenVerifier({
    issuer: ISSUER,
    audience: 'kams',
    algorithms: ['ES256'],
    keys: issuerKeys(server.url, keyOptions),
    ...options,
  });

/** The reason of the refusal, or 'accepted'. */
const reasonOf = (it: TokenVerifier, text: string): Promise<string> =>
  it.verify(text).then(
    () => 'accepted',
    (error: unknown) => {
      if (error instanceof TokenRefused) return error.reason;
      throw error;
    },
  );

describe('a token that is good', () => {
  test('tells who sends the request, for which tenant and until when', async () => {
    const exp = now() + 300;
    expect(await verifier().verify(token({ exp }))).toEqual({
      subject: 'marker-subject',
      tenantId: 'acme',
      expiresAt: exp * 1_000,
    });
  });

  test.each([
    ['with several audiences, ours among them', { aud: ['other', 'kams'] }],
    ['of a tenant with digits and underscores', { tenant: '0a_b' }],
    ['that was issued in the last five seconds of our future', { iat: now() + 4 }],
    ['that ended less than five seconds ago', { exp: now() - 2 }],
    ['with a number too large for a double in a claim that we do not read', { big: 2 ** 60 }],
  ])('may be one %s', async (_, other) => expect(await reasonOf(verifier(), token(other))).toBe('accepted'));

  test('may be typed in full', async () =>
    expect(await reasonOf(verifier(), token({}, { typ: 'application/at+jwt' }))).toBe('accepted'));

  test('is believed for 15 minutes at most, whatever it says itself', async () => {
    const iat = now() - 60;
    const { expiresAt } = await verifier().verify(token({ iat, exp: iat + 86_400 }));
    expect(expiresAt).toBe((iat + 900) * 1_000);
  });

  test.each(['RS256', 'EdDSA'] as const)('may be signed by %s, when that is what the issuer does', async (algorithm) => {
    const { privateKey, publicKey } =
      algorithm === 'RS256' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ed25519');
    server.keys = [{ ...publicKey.export({ format: 'jwk' }), kid: 'key-1' }];
    const text = `${encode({ ...HEADER, alg: algorithm })}.${encode(claims())}`;
    const signature = sign(algorithm === 'RS256' ? 'sha256' : null, Buffer.from(text), privateKey).toString('base64url');
    expect(await reasonOf(verifier({}, { algorithms: [algorithm] }), `${text}.${signature}`)).toBe('accepted');
    expect(await reasonOf(verifier(), `${text}.${signature}`)).toBe('wrong-algorithm');
  });
});

describe('a token that is refused', () => {
  const cut = (text: string): string => text.slice(0, -4);
  const unsigned = (header: object): string => `${encode({ ...HEADER, ...header })}.${encode(claims())}.`;
  const twice = (part: object, more: string): string => JSON.stringify(part).replace(/}$/, `,${more}}`);
  function signedWithPublicKey(): string {
    const text = `${encode({ ...HEADER, alg: 'HS256' })}.${encode(claims())}`;
    const secret = ours.publicKey.export({ format: 'pem', type: 'spki' });
    return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
  }

  test.each<[string, string, () => string]>([
    ['has no type', 'wrong-type', () => token({}, { typ: undefined })],
    ['is an id token', 'wrong-type', () => token({}, { typ: 'JWT' })],
    ['has no end', 'missing-claim', () => token({ exp: undefined })],
    ['has ended', 'expired', () => token({ exp: now() - 6 })],
    ['begins in the future', 'not-yet-valid', () => token({ nbf: now() + 60 })],
    ['was issued in the future', 'not-yet-valid', () => token({ iat: now() + 60 })],
    ['was issued more than 15 minutes ago', 'expired', () => token({ iat: now() - 906 })],
    ['does not say when it was issued', 'missing-claim', () => token({ iat: undefined })],
    ['is for another audience', 'wrong-audience', () => token({ aud: 'other' })],
    ['is for no audience', 'missing-claim', () => token({ aud: undefined })],
    ['is for several audiences without ours', 'wrong-audience', () => token({ aud: ['other', 'kams2'] })],
    ['is of another issuer', 'wrong-issuer', () => token({ iss: `${ISSUER}/` })],
    ['is of no issuer', 'missing-claim', () => token({ iss: undefined })],
    ['has no subject', 'missing-claim', () => token({ sub: undefined })],
    ['has a subject that is no text', 'invalid-claim', () => token({ sub: 7 })],
    ['has a subject with a NUL', 'invalid-claim', () => token({ sub: 'a\0' })],
    ['has no tenant', 'missing-claim', () => token({ tenant: undefined })],
    ['has a tenant with a hyphen', 'invalid-claim', () => token({ tenant: 'acme-1' })],
    ['has a tenant in capitals', 'invalid-claim', () => token({ tenant: 'ACME' })],
    ['has a tenant with a line break', 'invalid-claim', () => token({ tenant: 'acme\n' })],
    ['has several tenants', 'invalid-claim', () => token({ tenant: ['acme'] })],
    ['ends at a text', 'invalid-claim', () => token({ exp: String(now() + 60) })],
    ['is not signed', 'wrong-algorithm', () => unsigned({ alg: 'none' })],
    ['is not signed, in other letters', 'wrong-algorithm', () => unsigned({ alg: 'nOnE' })],
    ['is signed with the public key as a secret', 'wrong-algorithm', signedWithPublicKey],
    ['is signed with another key', 'bad-signature', () => signed(HEADER, claims(), foreign.privateKey)],
    ['has a key id that the issuer does not know', 'unknown-key', () => token({}, { kid: 'key-2' })],
    ['has a path as key id', 'unknown-key', () => token({}, { kid: '../../../../dev/null' })],
    ['has a number as key id', 'unknown-key', () => token({}, { kid: 1 })],
    ['demands an extension', 'malformed', () => token({}, { crit: ['x-unknown'], 'x-unknown': true })],
    ['demands a payload that is not encoded', 'malformed', () => token({}, { crit: ['b64'], b64: false })],
    ['has a cut signature', 'bad-signature', () => cut(token())],
    ['has no signature', 'bad-signature', () => token().replace(/[^.]+$/, '')],
    ['has a claim twice', 'malformed', () => signed(HEADER, twice(claims(), '"tenant":"other"'))],
    ['has a claim twice, spelled differently', 'malformed', () => signed(HEADER, twice(claims(), '"s\\u0075b":"other"'))],
    ['has a header twice', 'malformed', () => signed(twice(HEADER, '"alg":"none"'), claims())],
    ['is longer than 8 KB', 'too-long', () => token({ more: 'x'.repeat(8_192) })],
    ['is garbage', 'malformed', () => 'garbage'],
    ['is garbage in three parts', 'malformed', () => 'a.b.c'],
    ['is empty', 'malformed', () => ''],
    ['has five segments', 'malformed', () => `${token()}.a.b`],
    ['has a payload that is no object', 'malformed', () => signed(HEADER, '[]')],
    ['has a payload that is deep', 'malformed', () => signed(HEADER, '{"a":'.repeat(500) + '1' + '}'.repeat(500))],
    [
      'has another payload than was signed',
      'bad-signature',
      () => token().replace(/\..*\./, `.${encode(claims({ sub: 'me' }))}.`),
    ],
  ])('is one that %s (%s)', async (_, reason, make) => {
    const it = verifier();
    const text = make();
    expect(await reasonOf(it, text)).toBe(reason);
    expect(it.verified(text)).toBeUndefined();
  });

  test('answers 401 and repeats nothing of the token', async () => {
    const error = await verifier()
      .verify(token({ aud: 'marker-audience' }))
      .catch((it: unknown) => it as TokenRefused);
    expect(error).toMatchObject({ status: 401, reason: 'wrong-audience' });
    expect(inspect(error, { showHidden: true, depth: 9 })).not.toMatch(/marker/);
  });

  test('costs the issuer nothing when it is refused before its key is needed', async () => {
    for (const text of ['', 'a.b.c', 'x'.repeat(9_000), unsigned({ alg: 'none' })]) await reasonOf(verifier(), text);
    expect(server.requests).toBe(0);
  });
});

describe('keys that the token brings along', () => {
  test('have no effect, and no request goes out', async () => {
    const elsewhere = new KeyServer();
    elsewhere.keys = [publicJwk(foreign.publicKey, 'key-1'), publicJwk(foreign.publicKey, 'theirs')];
    await elsewhere.start();
    const brought = { jku: elsewhere.url, x5u: elsewhere.url, jwk: publicJwk(foreign.publicKey, 'key-1') };
    const it = verifier();
    expect(await reasonOf(it, token({}, brought))).toBe('accepted');
    expect(await reasonOf(it, signed({ ...HEADER, ...brought }, claims(), foreign.privateKey))).toBe('bad-signature');
    expect(await reasonOf(it, signed({ ...HEADER, ...brought, kid: 'theirs' }, claims(), foreign.privateKey))).toBe(
      'unknown-key',
    );
    expect(elsewhere.requests).toBe(0);
    await elsewhere.stop();
  });
});

describe('a token that was verified', () => {
  test('is known at once from then on', async () => {
    const it = verifier();
    const text = token();
    expect(it.verified(text)).toBeUndefined();
    const principal = await it.verify(text);
    expect(it.verified(text)).toBe(principal);
    expect(await it.verify(text)).toBe(principal);
    expect(it.verified(`${text}x`)).toBeUndefined();
  });

  test('is forgotten when it ends, with five seconds of tolerance', async () => {
    const started = Date.now();
    let passed = 0;
    const it = verifier({}, { now: () => started + passed });
    const text = token({ exp: now() + 60 });
    const { expiresAt } = await it.verify(text);
    passed = expiresAt + 4_999 - started;
    expect(it.verified(text)).toBeDefined();
    passed += 1;
    expect(it.verified(text)).toBeUndefined();
    expect(await reasonOf(it, text)).toBe('expired');
  });

  test('is refused as soon as its subject is revoked', async () => {
    const revoked = new Set<string>();
    const it = verifier({}, { isRevoked: ({ subject }) => revoked.has(subject) });
    const text = token();
    await it.verify(text);
    revoked.add('marker-subject');
    expect(it.verified(text)).toBeUndefined();
    expect(await reasonOf(it, text)).toBe('revoked');
  });

  test('gives a principal that nobody can change', async () => {
    const principal = await verifier().verify(token());
    expect(Object.isFrozen(principal)).toBe(true);
  });
});

describe('an issuer that is down', () => {
  test('before its keys were read leaves open whether a token is good', async () => {
    const it = verifier();
    await server.stop();
    const error = await it.verify(token()).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(IssuerUnavailable);
    expect(error).toMatchObject({ status: 503 });
  });

  test.each<[string, (response: ServerResponse) => unknown]>([
    ['answers with an error', (response) => response.writeHead(500).end()],
    ['answers with something else', (response) => response.end('<html>')],
    ['sends us to another place', (response) => response.writeHead(302, { location: '/' }).end()],
    ['has a key that is none', (response) => response.end('{"keys":[{"kty":"EC","crv":"P-256","kid":"key-1","x":"1"}]}')],
    ['does not answer', () => undefined],
  ])('is also one that %s', async (_, answer) => {
    server.answer = answer;
    await expect(verifier({ timeoutMs: 100 }).verify(token())).rejects.toThrow(IssuerUnavailable);
    expect(server.requests).toBe(1);
  });

  test('does not matter once its keys were read, for tokens that were never seen before too', async () => {
    const it = verifier({ refreshMs: 0 });
    await it.verify(token());
    await server.stop();
    for (let i = 0; i < 3; i++) {
      expect(await reasonOf(it, token({ sub: `user-${i}` }))).toBe('accepted');
      await sleep(20);
    }
  });

  test('leaves open whether a key that is not known yet is one of its own', async () => {
    const it = verifier({ coolDownMs: 0 });
    await it.verify(token());
    await server.stop();
    await expect(it.verify(token({}, { kid: 'key-2' }))).rejects.toThrow(IssuerUnavailable);
    expect(await reasonOf(it, token({ sub: 'another' }))).toBe('accepted');
  });

  test('is found again when it is back', async () => {
    await server.stop();
    const it = verifier({ retryMs: 20 });
    await expect(it.verify(token())).rejects.toThrow(IssuerUnavailable);
    await server.start();
    await sleep(30);
    expect(await reasonOf(it, token())).toBe('accepted');
  });

  test('is not asked again for every token', async () => {
    server.answer = (response) => response.writeHead(500).end();
    const it = verifier();
    for (let i = 0; i < 20; i++) await expect(it.verify(token())).rejects.toThrow(IssuerUnavailable);
    expect(server.requests).toBe(1);
  });
});

describe('key ids that the issuer does not know', () => {
  test('two hundred of them cost no key request inside the cool-down', async () => {
    const it = verifier();
    await it.verify(token());
    expect(server.requests).toBe(1);
    const reasons = await Promise.all(Array.from({ length: 200 }, (_, i) => reasonOf(it, token({}, { kid: `unknown-${i}` }))));
    expect(new Set(reasons)).toEqual(new Set(['unknown-key']));
    expect(server.requests).toBe(1);
  });

  test('a new key of the issuer is found by one request for all who bring it', async () => {
    const it = verifier({ coolDownMs: 20 });
    await it.verify(token());
    server.keys = [publicJwk(ours.publicKey, 'key-1'), publicJwk(foreign.publicKey, 'key-2')];
    await sleep(30);
    const rotated = (i: number): string => signed({ ...HEADER, kid: 'key-2' }, claims({ sub: `user-${i}` }), foreign.privateKey);
    const reasons = await Promise.all(Array.from({ length: 20 }, (_, i) => reasonOf(it, rotated(i))));
    expect(new Set(reasons)).toEqual(new Set(['accepted']));
    expect(server.requests).toBe(2);
  });

  test('a key that the issuer took back is forgotten at the next refresh', async () => {
    const it = verifier({ refreshMs: 0, coolDownMs: 0 });
    await it.verify(token());
    server.keys = [publicJwk(foreign.publicKey, 'key-2')];
    await it.verify(token({ sub: 'the one that starts the refresh' }));
    await sleep(50);
    expect(await reasonOf(it, token({ sub: 'another' }))).toBe('unknown-key');
  });
});

describe('the issuer of development', () => {
  let data: string;
  const development = () => openDevelopmentIssuer({ mode: 'development', data });
  const wanted = { subject: 'me', tenantId: 'acme' };

  beforeEach(async () => {
    data = await mkdtemp(join(tmpdir(), 'kams-issuer-'));
  });
  afterEach(() => rm(data, { recursive: true, force: true }));

  test('makes tokens that its verifier takes', async () => {
    const issuer = await development();
    const before = Date.now();
    const principal = await new TokenVerifier(issuer).verify(await issuer.mint({ ...wanted, lifetimeMs: 60_000 }));
    expect(principal).toMatchObject({ subject: 'me', tenantId: 'acme' });
    expect(principal.expiresAt).toBeLessThanOrEqual(before + 61_000);
    expect(principal.expiresAt).toBeGreaterThan(before + 55_000);
  });

  test('is the same for the host and the command line, whichever opens it first or both at once', async () => {
    const [host, cli] = await Promise.all([development(), development()]);
    const later = await development();
    for (const issuer of [cli, later]) {
      expect(await reasonOf(new TokenVerifier(host), await issuer.mint(wanted))).toBe('accepted');
    }
    expect(await readdir(join(data, 'keys'))).toEqual(['development-issuer.json']);
  });

  test('is another one for another installation', async () => {
    const other = await openDevelopmentIssuer({ mode: 'development', data: join(data, 'other') });
    expect(await reasonOf(new TokenVerifier(await development()), await other.mint(wanted))).toBe('unknown-key');
  });

  test('keeps its key for the owner alone and gives none of it away', async () => {
    const issuer = await development();
    expect((await stat(join(data, 'keys', 'development-issuer.json'))).mode & 0o777).toBe(0o600);
    expect(Object.keys(issuer).sort()).toEqual(['algorithms', 'audience', 'issuer', 'keys', 'mint']);
  });

  test('is not there in production', async () => {
    await expect(openDevelopmentIssuer({ mode: 'production', data })).rejects.toThrow(BadConfig);
    expect(await readdir(data)).toEqual([]);
  });

  test.each(['', '{}', '{"kid":"x"}'])('refuses a damaged file: %j', async (text) => {
    await development();
    await writeFile(join(data, 'keys', 'development-issuer.json'), text);
    await expect(development()).rejects.toThrow(/development-issuer\.json: is damaged; remove it/);
  });

  test.each([
    ['for longer than 15 minutes', { lifetimeMs: 900_001 }],
    ['for no time', { lifetimeMs: 0 }],
    ['for a time that is no number', { lifetimeMs: NaN }],
    ['for a tenant with a hyphen', { tenantId: 'acme-1' }],
    ['for nobody', { subject: '' }],
  ])('makes no token %s', async (_, other) => {
    const issuer = await development();
    await expect(issuer.mint({ ...wanted, ...other })).rejects.toThrow(RangeError);
  });
});
