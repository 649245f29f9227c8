// Where the keys of persons are: a store of their own, so that a key can be destroyed where the log never forgets.

export interface Person {
  readonly tenantId: string;
  /** The id of a contact, or of whatever else is a person. Random, and never used again. */
  readonly person: string;
}

export interface PersonKeys {
  /** The key of a person (32 bytes), made if there is none yet; undefined when the person was erased. Stored before it is given. */
  obtain(person: Person): Promise<Buffer | undefined>;
  /** The key of a person; undefined when there is none, or none any more. */
  find(person: Person): Promise<Buffer | undefined>;
  /** For ever: not in this store, nor in what is left of it on disk, is anything that opens what these keys sealed. */
  destroy(persons: readonly Person[]): Promise<void>;
}

/** In memory, for tests. */
export function memoryPersonKeys(): PersonKeys {
  const keys = new Map<string, Buffer | undefined>();
  const nameOf = ({ tenantId, person }: Person) => JSON.stringify([tenantId, person]);
  return {
    async obtain(it) {
      const name = nameOf(it);
      if (!keys.has(name)) keys.set(name, crypto.getRandomValues(Buffer.alloc(32)));
      return keys.get(name);
    },
    find: async (it) => keys.get(nameOf(it)),
    async destroy(persons) {
      for (const it of persons) keys.set(nameOf(it), undefined);
    },
  };
}
