// Seals what a contract marks as personal on its way into the store, and opens it for who may see it.
import { ERASED, personalFields, personOf, type FoundBy, type PersonalField } from '@kams/contracts/personal';
import type { AnyContract, CommandContract, EventContract } from '@kams/contracts/define';
import { createHmac, hkdfSync } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { categoryOf, type Recorded } from '../store/port';
import type { Person, PersonKeys } from './person-keys';
import { isSealed, open, placeOf, seal, type Place } from './seal';

/** A fact about a person whose key was destroyed: there is nothing that it could be sealed with. */
export class PersonErased extends Error {}

/** What is needed of an event to seal or to open it. */
type Facts = Pick<Recorded, 'id' | 'type' | 'schema' | 'stream' | 'data'> & { readonly metadata: { readonly tenantId: string } };

/** The values by which a person can be looked up, of an event: the path of a field -> what `wordsOf` gives for its value. */
export type Index = Readonly<Record<string, readonly string[]>>;

/** No copy of a key outlives this in the memory of a process that was not told of the erasure. */
const KEPT_MS = 60_000;
const KEYS_KEPT = 50_000;

export class Vault {
  private readonly kept = new LRUCache<string, Buffer>({ max: KEYS_KEPT, ttl: KEPT_MS });

  constructor(
    private readonly keys: PersonKeys,
    /** Of the installation; 32 bytes. What is looked up is keyed with it. */
    private readonly secret: Buffer,
  ) {}

  /**
   * The data as it is stored. The same object where nothing in it is personal: a fact that says nothing of a person is still stored
   * when the person was erased. @throws PersonErased
   */
  async seal(contract: AnyContract, it: Facts): Promise<object> {
    const fields = fieldsOf(contract, it.type).filter(({ path }) => valuesAt(it.data, path).length > 0);
    if (fields.length === 0) return it.data;
    const person = personIn(contract, it);
    const key = (await this.obtain(person)) ?? fail(new PersonErased(`${person.person} was erased`));
    return mapped(it.data, fields, (value, field) => seal(value, key, placeIn(it, person, field)));
  }

  /**
   * The data as it was before it was sealed, in the version in which it was stored; what nothing opens any more reads `[erased]`.
   * @throws SealBroken for a value that was changed or moved
   */
  async open(contract: AnyContract, it: Facts): Promise<object> {
    const event = eventOf(contract, it.type);
    if (!event) return it.data;
    if (it.schema !== event.version) return this.openOlder(it);
    const fields = personalFields(event.data);
    if (fields.length === 0) return it.data;
    const person = personIn(contract, it);
    const key = await this.find(person);
    return mapped(it.data, fields, (value, field) => (key ? open(value, key, placeIn(it, person, field)) : ERASED));
  }

  /** Of an older version only the stored values themselves say what was personal. */
  private async openOlder(it: Facts): Promise<object> {
    const { tenantId } = it.metadata;
    const sealed = sealedIn(it.data, '').flatMap(({ value, field }) => {
      const place = placeOf(value, tenantId);
      return place.stream === it.stream && place.eventId === it.id && place.field === field ? [{ value, field, place }] : [];
    });
    const opened = new Map<string, string>();
    for (const { value, field, place } of sealed) {
      const key = await this.find(place);
      opened.set(field, key ? open(value, key, place) : ERASED);
    }
    return sealed.reduce<object>(
      (data, { field }) => changedAt(data, field.split('.'), '', () => opened.get(field)!) as object,
      it.data,
    );
  }

  /** A value that a row has as the event had it; null stays null. */
  async openText<T extends string | null>(tenantId: string, value: T): Promise<T> {
    if (!isSealed(value)) return value;
    const place = placeOf(value, tenantId);
    const key = await this.find(place);
    return (key ? open(value, key, place) : ERASED) as T;
  }

  /** What a projection keeps of an event so that its person is found; nothing once the person is erased. */
  async indexOf(contract: AnyContract, it: Facts): Promise<Index> {
    const fields = fieldsOf(contract, it.type).filter(({ foundBy }) => foundBy !== undefined);
    const index: Record<string, string[]> = {};
    if (fields.length === 0) return index;
    const { tenantId } = it.metadata;
    const opened = await this.open(contract, it);
    for (const { path, foundBy } of fields) {
      const words = valuesAt(opened, path)
        .filter((value) => value !== ERASED)
        .flatMap((value) => this.wordsOf(tenantId, foundBy!, value));
      index[path.join('.')] = [...new Set(words)].sort();
    }
    return index;
  }

  /**
   * What stands for a text in an index: HMACs that nobody can turn back without the installation's secret, of the whole text, or
   * of each two letters that follow each other in it (`part`; a text of one letter: of that). A text contains another one only
   * if its words contain the other one's, so what is found has still to be looked at.
   */
  wordsOf(tenantId: string, foundBy: FoundBy, value: string): string[] {
    const key = Buffer.from(hkdfSync('sha256', this.secret, '', `look-up of persons in ${tenantId}`, 32));
    const word = (text: string) => createHmac('sha256', key).update(foundBy).update(text).digest('base64url').slice(0, 16);
    const levelled = comparable(value);
    if (foundBy === 'whole') return [word(levelled)];
    const letters = [...levelled];
    const pairs = letters.slice(1).map((letter, i) => letters[i]! + letter);
    return [...new Set([...pairs, ...letters])].map(word);
  }

  /** The key that a command's body is hashed with, if it says something of a person: a guess at it ends with the person. */
  async hashKey({ data }: CommandContract, person: Person): Promise<Buffer | undefined> {
    return personalFields(data).length === 0 ? undefined : this.obtain(person);
  }

  /** After this nothing opens. */
  async destroy(persons: readonly Person[]): Promise<void> {
    await this.keys.destroy(persons);
    for (const it of persons) this.kept.delete(nameOf(it));
  }

  private obtain(person: Person): Promise<Buffer | undefined> {
    return this.remembered(person, () => this.keys.obtain(person));
  }

  private find(person: Person): Promise<Buffer | undefined> {
    return this.remembered(person, () => this.keys.find(person));
  }

  private async remembered(person: Person, ask: () => Promise<Buffer | undefined>): Promise<Buffer | undefined> {
    const name = nameOf(person);
    const known = this.kept.get(name);
    if (known) return known;
    const key = await ask();
    if (key) this.kept.set(name, key);
    return key;
  }
}

/** Width and case levelled, blanks taken out: what a person types to find a name. */
export const comparable = (text: string): string => text.normalize('NFKC').toUpperCase().toLowerCase().replace(/\s+/g, '');

const nameOf = ({ tenantId, person }: Person): string => `${tenantId} ${person}`;

const eventOf = ({ events }: AnyContract, type: string): EventContract | undefined => events[type];

/** The personal fields of a type of event. */
const fieldsOf = (contract: AnyContract, type: string): readonly PersonalField[] => {
  const event = eventOf(contract, type);
  return event ? personalFields(event.data) : [];
};

/** Does anything that is stored of this aggregate say something of a person? */
export const isPersonal = (contract: AnyContract): boolean =>
  Object.keys(contract.events).some((type) => fieldsOf(contract, type).length > 0);

/** Can anybody be looked up by what is stored of this aggregate? */
export const isFound = (contract: AnyContract): boolean =>
  Object.keys(contract.events).some((type) => fieldsOf(contract, type).some(({ foundBy }) => foundBy !== undefined));

/** Whom an event is about. */
export function personIn(contract: AnyContract, { type, stream, data, metadata: { tenantId } }: Facts): Person {
  const id = stream.slice(categoryOf(stream).length + 1);
  return { tenantId, person: personOf(eventOf(contract, type)!, data, id) };
}

const placeIn = ({ id, stream, metadata: { tenantId } }: Facts, { person }: Person, field: string): Place => ({
  tenantId,
  person,
  stream,
  eventId: id,
  field,
});

type Change = (value: string, field: string) => string;

/** A copy with the values of these fields changed. */
function mapped(data: object, fields: readonly PersonalField[], change: Change): object {
  return fields.reduce<object>((it, { path }) => changedAt(it, path, '', change) as object, data);
}

function changedAt(it: unknown, [name, ...rest]: readonly string[], at: string, change: Change): unknown {
  if (name === undefined) return typeof it === 'string' ? change(it, at.slice(1)) : it;
  if (typeof it !== 'object' || it === null) return it;
  if (name === '*') return (it as unknown[]).map((item, i) => changedAt(item, rest, `${at}.${i}`, change));
  const inner = (it as Record<string, unknown>)[name];
  if (inner === undefined) return it;
  const changed = changedAt(inner, rest, `${at}.${name}`, change);
  return Array.isArray(it) ? it.with(Number(name), changed) : { ...it, [name]: changed };
}

/** Every value in it that looks sealed. */
function sealedIn(it: unknown, at: string): { readonly value: string; readonly field: string }[] {
  if (isSealed(it)) return [{ value: it, field: at.slice(1) }];
  if (typeof it !== 'object' || it === null) return [];
  return Object.entries(it).flatMap(([name, inner]) => sealedIn(inner, `${at}.${name}`));
}

function valuesAt(it: unknown, [name, ...rest]: readonly string[]): string[] {
  if (name === undefined) return typeof it === 'string' ? [it] : [];
  if (typeof it !== 'object' || it === null) return [];
  if (name === '*') return (it as unknown[]).flatMap((item) => valuesAt(item, rest));
  return valuesAt((it as Record<string, unknown>)[name], rest);
}

function fail(error: Error): never {
  throw error;
}
