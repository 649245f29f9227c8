// The kinds of text a setting takes. Each says its form in words, which is the error's message and a column of the reference.
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { TENANT_ID } from '@kams/contracts/values';
import { z } from 'zod';
import { Secret } from './secret';

/** From the text of the environment to what the program uses. Its description is its form. */
export type Value<T> = z.ZodType<T, string>;

/** A kind of value: `read` gives undefined for a text that has not this form. The text is in no message. */
export const value = <T>(form: string, read: (text: string) => T | undefined): Value<T> =>
  z
    .string()
    .transform((text, context): T => {
      const it = read(text);
      if (it !== undefined) return it;
      context.addIssue({ code: 'custom', message: `must be ${form}` });
      return z.NEVER;
    })
    .describe(form);

export const oneOf = <T extends string>(...names: readonly T[]): Value<T> =>
  value(`one of ${names.join(', ')}`, (text) => names.find((it) => it === text));

/** Different names in a row, parted by commas. */
export const listOf = <T extends string>(...names: readonly T[]): Value<readonly T[]> =>
  value(`one or more of ${names.join(', ')}, parted by commas without spaces`, (text) => {
    const parts = text.split(',');
    const known = names.filter((it) => parts.includes(it));
    return known.length === parts.length ? known : undefined;
  });

export const tenant: Value<string> = value('a tenant of up to 40 lower case letters, digits and underscores', (text) =>
  TENANT_ID.test(text) ? text : undefined,
);

/** Of a tenant. `*` stands for any of either. */
export interface Subject {
  readonly tenantId: string;
  readonly subject: string;
}

export const subjects: Value<readonly Subject[]> = value(
  'one or more of tenant:subject, parted by commas without spaces; * stands for any',
  (text) => {
    const found = text.split(',').flatMap((it): Subject[] => {
      const [, tenantId = '', subject = ''] = /^([^:]*):([^\s,]{1,255})$/.exec(it) ?? [];
      return subject !== '' && (tenantId === '*' || TENANT_ID.test(tenantId)) ? [{ tenantId, subject }] : [];
    });
    return found.length === text.split(',').length ? found : undefined;
  },
);

export const boolean: Value<boolean> = value('true or false', (text) =>
  text === 'true' ? true : text === 'false' ? false : undefined,
);

/** Decimal digits only: `0x50`, `1e3`, `+1` and ` 1` are refused. Both ends belong to the range. */
export const wholeNumber = (least: number, most: number): Value<number> =>
  value(`a whole number from ${least} to ${most}`, (text) => {
    if (!/^(0|[1-9]\d{0,14})$/.test(text)) return undefined;
    const number = Number(text);
    return number >= least && number <= most ? number : undefined;
  });

export const port: Value<number> = wholeNumber(1, 65_535);

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

const milliseconds = (text: string): number | undefined => {
  const [, count, unit] = /^(0|[1-9]\d{0,8})(ms|s|m|h)$/.exec(text) ?? [];
  return count === undefined ? undefined : Number(count) * UNITS[unit as keyof typeof UNITS];
};

/** In milliseconds. Written with its unit; both ends belong to the range. */
export const duration = (least: string, most: string): Value<number> => {
  const [from = 0, to = Infinity] = [milliseconds(least), milliseconds(most)];
  return value(`a duration with its unit (250ms, 2s, 5m) from ${least} to ${most}`, (text) => {
    const it = milliseconds(text);
    return it !== undefined && it >= from && it <= to ? it : undefined;
  });
};

const isWord = (text: string, longest: number): boolean => text.length <= longest && /^[!-~]+$/.test(text);

/** Something to be compared or passed on as it is. */
export const word = (longest: number): Value<string> =>
  value(`1 to ${longest} printable letters without spaces`, (text) => (isWord(text, longest) ? text : undefined));

export const secretWord = (longest: number): Value<Secret> =>
  value(`1 to ${longest} printable letters without spaces`, (text) => (isWord(text, longest) ? new Secret(text) : undefined));

/** Names of services: one or more, parted by commas. */
export const serviceNames: Value<readonly string[]> = value('names like accounts, parted by commas without spaces', (text) => {
  const all = text.split(',');
  return all.every((it) => /^[a-z]{1,40}$/.test(it)) && new Set(all).size === all.length ? all : undefined;
});

/** Absolute, from where the process was started. */
export const folder: Value<string> = value('the path of a folder', (text) => (text === text.trim() ? resolve(text) : undefined));

/** What a server listens on. */
export const host: Value<string> = value('a host name or an IP address', (text) =>
  isIP(text) || /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/i.test(text) ? text : undefined,
);

// The URL class drops line breaks and spaces at the ends, so they are looked for in the text.
const urlOf = (text: string): URL | undefined => (isWord(text, 2_000) && URL.canParse(text) ? new URL(text) : undefined);

/** As it was written: an issuer is compared letter by letter. */
export const httpUrl: Value<string> = value('an http(s) URL without user, password and fragment', (text) => {
  const url = urlOf(text);
  if (!url || !/^https?:\/\//.test(text) || url.username || url.password || text.includes('#')) return undefined;
  return text;
});

/** Service -> where it answers. */
export const peers: Value<ReadonlyMap<string, string>> = value(
  'service=http(s) URL of one or more services, parted by commas without spaces',
  (text) => {
    const all = text.split(',').map((it) => /^([^=]*)=(.*?)\/*$/s.exec(it)?.slice(1) ?? []);
    const isPeer = ([name = '', url = '']: readonly string[]) =>
      serviceNames.safeParse(name).success && httpUrl.safeParse(url).success && !url.includes('?');
    const found = new Map(all as [string, string][]);
    return all.every(isPeer) && found.size === all.length ? found : undefined;
  },
);

/** May carry user and password, so it is a secret as a whole. */
export const postgresUrl: Value<Secret> = value('a URL like postgres://user:password@host:5432/database', (text) => {
  const url = urlOf(text);
  if (!url || !/^postgres(ql)?:\/\//.test(text) || url.pathname.length < 2) return undefined;
  return isPercentEncoded(url.username) && isPercentEncoded(url.password) ? new Secret(text) : undefined;
});

/** As its client takes it, perhaps with several hosts: the URL class knows no such form. A secret, like that of Postgres. */
export const eventStoreDbUrl: Value<Secret> = value('a URL like esdb+discover://user:password@host:2113?tls=true', (text) =>
  isWord(text, 2_000) && EVENTSTOREDB_URL.test(text) ? new Secret(text) : undefined,
);
const EVENTSTOREDB_URL = /^esdb(\+discover)?:\/\/([^:@/?#]+:[^@/?#]+@)?[^@/?#]+\/?(\?[^?#]*)?$/;

/** Any of a cluster, which names the others. An IPv6 address has no form that kafkajs takes. */
export const brokers: Value<readonly string[]> = value(
  'host:port of one or more brokers, parted by commas without spaces',
  (text) => {
    const all = text.split(',');
    const isBroker = (it: string): boolean => {
      const [, name = '', number = ''] = /^([^:]*):(\d+)$/.exec(it) ?? [];
      return host.safeParse(name).success && port.safeParse(number).success;
    };
    return all.every(isBroker) ? all : undefined;
  },
);

/** The URL class lets a lone `%` pass, over which decoding stumbles later. */
const isPercentEncoded = (text: string): boolean => !/%(?![0-9a-f]{2})/i.test(text);
