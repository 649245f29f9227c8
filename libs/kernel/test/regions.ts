// Two services with the same modules, and nothing of their own.
import { service } from '@kams/platform';
import { approvals } from '../src/approvals';
import { forms } from '../src/forms';

const region = (name: string) =>
  service({
    name,
    description: `The region ${name}.`,
    modules: [approvals, forms],
    aggregates: [],
    projections: [],
    controllers: [],
  });

export const north = region('north');
export const south = region('south');
