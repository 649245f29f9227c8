import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** 1,000 keys, and where Kafka's own client for Java puts them on a topic of 12 partitions (Partitions.java). */
export const partitionOf: ReadonlyMap<string, number> = new Map(
  readFileSync(join(__dirname, 'partitions.tsv'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'))
    .map(([key, partition]) => [key!, Number(partition)]),
);
