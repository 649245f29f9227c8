import { PersonErased } from '@kams/eventing';
import { Problem, problemOf } from '../src/http/problems';

test('who speaks of a person that was erased is told so: it is no fault of ours', () =>
  expect(problemOf(new PersonErased('0190f5a0 was erased'))).toEqual(new Problem('person-erased')));
