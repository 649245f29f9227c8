// The value model of the sample: KAV-1 with its eleven criteria (F-02), and from mid-year on other weights, because growth and
// the wallet that is still to be won had counted for too little.
import type { ScoringModelContent } from '@kams/contracts/accounts/scoring-model';
import { DEFAULT_LADDER } from '@kams/methods/tier-ladder';
import { at } from './calendar';
import { MODEL_ID, onModel, type Act } from './act';

type Criterion = ScoringModelContent['criteria'][number];
type Measure = Pick<Criterion, 'code' | 'label' | 'normaliser'> & { readonly weights: readonly [first: string, second: string] };

const linear = (lo: string, hi: string, reverse = false): Criterion['normaliser'] => ({
  kind: 'linear',
  lo,
  hi,
  clamp: true,
  ...(reverse && { reverse }),
});

const measures: readonly Measure[] = [
  {
    code: 'revenue',
    label: { en: 'Revenue of 12 months, CNY', zh: '近12个月销售额' },
    weights: ['0.20', '0.15'],
    normaliser: linear('0', '10000000'),
  },
  { code: 'margin', label: { en: 'Gross margin, %', zh: '毛利率' }, weights: ['0.15', '0.15'], normaliser: linear('5', '36') },
  {
    code: 'growth',
    label: { en: 'Growth on the year before, %', zh: '同比增长率' },
    weights: ['0.10', '0.15'],
    normaliser: linear('-20', '30'),
  },
  {
    code: 'wallet',
    label: { en: 'Wallet still to be won, CNY', zh: '可争取采购额' },
    weights: ['0.15', '0.20'],
    normaliser: linear('0', '18000000'),
  },
  {
    code: 'influence',
    label: { en: 'Influence in the industry', zh: '行业影响力' },
    weights: ['0.10', '0.05'],
    normaliser: linear('0', '100'),
  },
  {
    code: 'reference',
    label: { en: 'Reference value', zh: '示范价值' },
    weights: ['0.05', '0.05'],
    normaliser: { kind: 'enumMap', scores: { none: '0', named: '60', visits: '100' } },
  },
  { code: 'fit', label: { en: 'Strategic fit', zh: '战略契合度' }, weights: ['0.05', '0.05'], normaliser: linear('0', '100') },
  {
    code: 'tenure',
    label: { en: 'Years with us', zh: '合作年限' },
    weights: ['0.05', '0.05'],
    normaliser: {
      kind: 'bands',
      bands: [
        { from: null, to: '1', score: '10' },
        { from: '1', to: '3', score: '40' },
        { from: '3', to: '8', score: '75' },
        { from: '8', to: null, score: '100' },
      ],
    },
  },
  {
    code: 'openness',
    label: { en: 'Openness to work together', zh: '合作开放度' },
    weights: ['0.05', '0.05'],
    normaliser: linear('0', '100'),
  },
  {
    code: 'payment',
    label: { en: 'Days paid late', zh: '平均逾期天数' },
    weights: ['0.05', '0.05'],
    normaliser: linear('0', '60', true),
  },
  {
    code: 'cost_to_serve',
    label: { en: 'Cost to serve, % of revenue', zh: '服务成本占比' },
    weights: ['0.05', '0.05'],
    normaliser: linear('2', '15', true),
  },
];

const content = (weightsOf: 0 | 1): ScoringModelContent => ({
  name: 'KAV-1 大客户价值模型',
  criteria: measures.map(({ weights, ...it }) => ({ ...it, weight: weights[weightsOf], missing: 'exclude' })),
  minCoverage: '0.7',
  ladder: DEFAULT_LADDER,
});

/** The second version is in force after the evaluation of the second quarter. */
export const modelActs = (days: readonly string[]): readonly Act[] => [
  onModel('Draft', MODEL_ID, 'sample-controller-1', at(days[0], '09:00'), { content: content(0) }),
  onModel('Publish', MODEL_ID, 'sample-sales-director', at(days[0], '10:00'), {}),
  onModel('Revise', MODEL_ID, 'sample-controller-1', at(days[130], '09:00'), { content: content(1) }),
  onModel('Publish', MODEL_ID, 'sample-sales-director', at(days[131], '10:00'), {}),
];
