import { postgresStore } from '@kams/eventing/store/postgres/postgres-store';
import { newId } from '@kams/eventing/run/ids';
import { contend, type Contender } from './contender';
import { nextEvent, streamsOf } from './events';

async function open(connection: string): Promise<Contender> {
  const store = await postgresStore({ connection });
  return {
    caller() {
      const next = streamsOf('kams');
      return async () => {
        const { stream, revision } = next();
        await store.append(stream, revision < 0 ? 'none' : revision, [{ id: newId(), schema: 1, ...nextEvent() }]);
        return 1;
      };
    },
    close: () => store.close(),
  };
}

contend(open);
