import { logBus } from '../../src/bus/log-bus';
import { publisher, topicOf } from '../../src/run/cloud-event';
import { memoryStore } from '../../src/store/memory';
import { parcelContract } from '../run/parcels';
import { event } from '../store/events';
import { busContract, type Topic } from './contract';

describe('the bus without a broker, by the contract', () => busContract('log', topic));

async function topic(): Promise<Topic> {
  const store = memoryStore();
  const published = publisher('post', [parcelContract], (await store.head()).epoch);
  let n = 0;
  return {
    bus: logBus([{ name: 'post', contracts: [parcelContract], store }]),
    name: topicOf('post'),
    async write(streams) {
      const events = [];
      for (const stream of streams) {
        await store.append(stream, 'any', [event({ by: n++ }, { type: 'ParcelMoved', schema: 3 })]);
        events.push(published((await store.read(stream)).at(-1)!)!);
      }
      return events;
    },
  };
}
