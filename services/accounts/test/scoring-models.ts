import type { ScoringModelContent } from '@kams/contracts/accounts/scoring-model';
import { DEFAULT_LADDER } from '@kams/methods/tier-ladder';

/** Two criteria: influence 0.6 by a scale, openness 0.4 by yes or no; S from 85, A 70, B 50, C. */
export const content: ScoringModelContent = {
  name: 'KAV-1',
  criteria: [
    {
      code: 'influence',
      label: { en: 'Influence', zh: '影响力' },
      weight: '0.6',
      normaliser: { kind: 'linear', lo: '0', hi: '100', clamp: true },
      missing: 'exclude',
    },
    {
      code: 'openness',
      label: { en: 'Openness', zh: '开放度' },
      weight: '0.4',
      normaliser: { kind: 'boolean', whenTrue: '100', whenFalse: '0' },
      missing: 'exclude',
    },
  ],
  minCoverage: '0.7',
  ladder: DEFAULT_LADDER,
};
