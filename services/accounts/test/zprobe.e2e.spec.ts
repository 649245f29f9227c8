import { accountsService } from '@kams/accounts';
import { startTestServices, type TestServices } from '@kams/testing';
import { connect } from 'node:net';

let it_: TestServices;
beforeAll(async () => { it_ = await startTestServices([accountsService]); });
afterAll(() => it_.stop());

const raw = (text: string | Buffer, ms = 1500): Promise<string> => new Promise((done) => {
  const { port } = new URL(it_.url);
  const s = connect(Number(port), '127.0.0.1');
  let out = '';
  const t = setTimeout(() => { s.destroy(); done(out + '\n<<open>>'); }, ms);
  s.on('data', (d) => (out += d.toString('latin1')));
  s.on('error', (e) => (out += `\n<<${(e as any).code}>>`));
  s.on('close', () => { clearTimeout(t); done(out + '\n<<closed>>'); });
  s.write(text);
});
const show = (name: string, out: string) => console.log(name + '\n' + out.slice(0, 1500));

test('probe', async () => {
  const token = await it_.token();
  const H = `Host: x\r\nAuthorization: Bearer ${token}\r\n`;
  const body = JSON.stringify({ profile: { name: 'x' } });
  const J = 'Content-Type: application/json\r\n';
  const post = (extra: string, b = body, path='/accounts') => `POST ${path} HTTP/1.1\r\n${H}${extra}\r\n${b}`;
  const cases: [string, string][] = [
    ['ok', post(`${J}Content-Length: ${body.length}\r\n`)],
    ['empty body', post(`${J}Content-Length: 0\r\n`, '')],
    ['empty body no type', post(`Content-Length: 0\r\n`, '')],
    ['no body no length', post(``, '')],
    ['bulk no body', post(`Content-Length: 0\r\n`, '', '/accounts/bulk')],
    ['CL+TE', post(`${J}Content-Length: ${body.length}\r\nTransfer-Encoding: chunked\r\n`, '0\r\n\r\n')],
    ['2CL', post(`${J}Content-Length: 5\r\nContent-Length: 6\r\n`)],
    ['bare LF', `POST /accounts HTTP/1.1\nHost: x\nContent-Length: 0\n\n`],
    ['bare LF in headers', `POST /accounts HTTP/1.1\r\n${H}X: a\nY: b\r\nContent-Length: 0\r\n\r\n`],
    ['obs-fold', `POST /accounts HTTP/1.1\r\n${H}X: a\r\n b\r\nContent-Length: 0\r\n\r\n`],
    ['chunk ext', post(`${J}Transfer-Encoding: chunked\r\n`, `${body.length.toString(16)};a=b\r\n${body}\r\n0\r\n\r\n`)],
    ['chunk bare LF', post(`${J}Transfer-Encoding: chunked\r\n`, `${body.length.toString(16)}\n${body}\n0\n\n`)],
    ['chunk ext LF', post(`${J}Transfer-Encoding: chunked\r\n`, `${body.length.toString(16)};a\nb\r\n${body}\r\n0\r\n\r\n`)],
    ['TE xchunked', post(`${J}Transfer-Encoding: xchunked\r\n`, `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`)],
    ['TE identity', post(`${J}Transfer-Encoding: identity\r\n`, body)],
    ['CL +', post(`${J}Content-Length: +5\r\n`)],
    ['413 by 1', post(`${J}Content-Length: 65537\r\n`, 'x')],
    ['endless', post(`${J}Transfer-Encoding: chunked\r\n`, ('4000\r\n' + 'x'.repeat(0x4000) + '\r\n').repeat(6))],
    ['no host', `GET /accounts HTTP/1.1\r\n\r\n`],
    ['http/1.0', `GET /accounts HTTP/1.0\r\n\r\n`],
    ['http/2.5', `GET /accounts HTTP/2.5\r\nHost: x\r\n\r\n`],
    ['bad method', `BREW /accounts HTTP/1.1\r\n${H}\r\n`],
    ['tls hello', '\x16\x03\x01\x02\x00\x01\x00'],
    ['CR in header', post(`${J}Content-Length: ${body.length}\r\nIdempotency-Key: a\rb\r\n`)],
    ['NUL in header', post(`${J}Content-Length: ${body.length}\r\nIdempotency-Key: a\0b\r\n`)],
    ['hi in header', Buffer.from(post(`${J}Content-Length: ${body.length}\r\nIdempotency-Key: a\xe9b\r\n`), 'latin1').toString('latin1')],
    ['two keys', post(`${J}Content-Length: ${body.length}\r\nIdempotency-Key: a\r\nIdempotency-Key: b\r\n`)],
    ['empty key', post(`${J}Content-Length: ${body.length}\r\nIdempotency-Key:\r\n`)],
    ['101 headers', `GET /accounts HTTP/1.1\r\n${H}${Array.from({length:101},(_, i)=>`X-${i}: 1\r\n`).join('')}\r\n`],
    ['17K headers', `GET /accounts HTTP/1.1\r\n${H}X: ${'a'.repeat(17000)}\r\n\r\n`],
    ['upgrade', `GET /accounts HTTP/1.1\r\n${H}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n`],
    ['connect', `CONNECT example.com:443 HTTP/1.1\r\n${H}\r\n`],
    ['absolute', `GET http://evil/accounts HTTP/1.1\r\n${H}\r\n`],
    ['expect', `POST /accounts HTTP/1.1\r\n${H}Expect: 200-ok\r\n${J}Content-Length: 2\r\n\r\n{}`],
    ['space in path', `GET /acc ounts HTTP/1.1\r\n${H}\r\n`],
    ['%ff', `GET /accounts/%ff HTTP/1.1\r\n${H}\r\n`],
    ['%ff unknown', `GET /%ff HTTP/1.1\r\n${H}\r\n`],
    ['%00', `GET /accounts/%00 HTTP/1.1\r\n${H}\r\n`],
    ['/%00', `GET /%00 HTTP/1.1\r\n${H}\r\n`],
    ['..', `GET /accounts/..%2f..%2fetc HTTP/1.1\r\n${H}\r\n`],
    ['crlf', `GET /accounts/1%0d%0aX:1 HTTP/1.1\r\n${H}\r\n`],
    ['9KB', `GET /accounts/${'a'.repeat(9000)} HTTP/1.1\r\n${H}\r\n`],
    ['9KB top', `GET /${'a'.repeat(9000)} HTTP/1.1\r\n${H}\r\n`],
    ...['HEAD','OPTIONS','TRACE','QUERY','PATCH','DELETE','PUT','POST'].map((m): [string,string] => [m, `${m} /accounts/value/history HTTP/1.1\r\n${H}Content-Length: 0\r\n\r\n`]),
    ...['HEAD','OPTIONS','TRACE','QUERY','PATCH','DELETE','PUT','GET'].map((m): [string,string] => [m+' accounts', `${m} /accounts HTTP/1.1\r\n${H}Content-Length: 0\r\n\r\n`]),
    ['GET with chunked', `GET /accounts HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['2 auth', `GET /accounts HTTP/1.1\r\n${H}Authorization: Bearer x\r\n\r\n`],
  ];
  const outs: string[] = [];
  for (const [name, text] of cases) outs.push(`##### ${name}\n` + (await raw(Buffer.from(text, 'latin1'), 400)).slice(0, 900));
  require('fs').writeFileSync('/tmp/probe1.txt', outs.join('\n'));
}, 120000);
