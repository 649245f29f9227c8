// What a command answers, alone or in bulk: where the thing stands now.
import type { Answer } from '@kams/eventing';
import { positionToken } from './position-token';

export const commandAnswer = (epoch: string, { id, revision, position, outcome }: Answer) => ({
  id,
  revision,
  position: positionToken(epoch, position),
  outcome,
});
