// Names of companies that do not exist, as many as are wanted, the same every time; and real ones, with ways in which people
// misspell them.

import { chance as chanceOf } from '@kams/testing/faults/chance';

const words = (text: string): readonly string[] => text.split(' ');
const CITIES = words('上海 北京 深圳 广州 杭州 苏州 南京 武汉 成都 天津 重庆 西安 宁波 青岛 厦门 长沙 无锡 佛山 东莞 合肥');
// Every fourth is in 科技, as in life.
const TRADES = words(
  '科技 科技 科技 科技 科技 科技 贸易 贸易 电子 机械 信息技术 生物医药 新能源 汽车零部件 建筑工程 食品 纺织 化工 物流 软件 环保 材料 网络 医疗器械 电气 仪器',
);
const CHINESE_FORMS = words('有限公司 有限公司 有限公司 股份有限公司 集团有限公司 有限责任公司');
const CHARACTERS = [
  ...('华为中兴联想海尔格力美的腾讯阿里百度京东小米比亚迪吉利长城宁德时代隆基通威恒瑞药明康迈瑞万科碧桂园保利招商平安太保泰新' +
    '天地人和金木水火土春夏秋冬东西南北光明正大福禄寿喜龙凤虎鹤松柏竹梅兰菊山川江河湖海星辰云雨风雷电晨曦晓阳月宇宙鸿鹏飞翔' +
    '腾达盛昌隆兴旺发顺利安泰康宁祥瑞嘉佳美丽优良精诚信义仁德智慧勇毅坚强恒永远久创立建设科学文化艺术体育健康生态环境绿色蓝'),
];
const SYLLABLES = words(
  'al an ar bar bel ber bo bran cal car cen cor dal dan del den dor el en er fal fen fin for gal gen gor gran hal han har hel hol in is ' +
    'jan jor kal kan kar kel kin kor lan lar len lin lor mal man mar mel men mer mon mor nal nar nel nor or pal par pel per pol por ' +
    'ral ran rel ren rin ros sal san sar sel sen ser sil sol sta ster tal tan tar tel ten ter tor tri ul un val van var vel ven ver ' +
    'vin vol wal war wel win xan yor zan zel zor',
);
const LATIN_TRADES = words(
  'Technologies Systems Energy Trading Electronics Industries Logistics Foods Chemicals Software Solutions Healthcare Automotive ' +
    'Engineering Pharma Materials Networks Instruments Holding International',
);
const LATIN_FORMS = words('GmbH AG Ltd Inc. S.A. B.V. LLC plc Co.,Ltd. Corp.');

export interface CompanyName {
  readonly name: string;
  readonly nameZh?: string;
}

/** Three in five are Chinese, one in five has names in both. */
export function companyNames(count: number, seed = 1): CompanyName[] {
  const { next: chance, of: one, between } = chanceOf(seed);
  const several = (from: number, to: number, of: readonly string[]) =>
    Array.from({ length: between(from, to) }, () => one(of)).join('');
  const chinese = () =>
    chance() < 0.2
      ? `${several(2, 4, CHARACTERS)}（${one(CITIES)}）${one(TRADES)}${one(CHINESE_FORMS)}`
      : `${chance() < 0.7 ? one(CITIES) : ''}${several(2, 4, CHARACTERS)}${one(TRADES)}${one(CHINESE_FORMS)}`;
  const latin = () => {
    const brand = several(2, 3, SYLLABLES);
    return `${brand[0]!.toUpperCase()}${brand.slice(1)} ${one(LATIN_TRADES)} ${one(LATIN_FORMS)}`;
  };
  return Array.from({ length: count }, () => {
    const kind = chance();
    if (kind < 0.6) return { name: chinese() };
    return kind < 0.8 ? { name: latin() } : { name: latin(), nameZh: chinese() };
  });
}

/** What people write, and what they look for. */
export const MISSPELT: readonly (readonly [written: string, meant: string])[] = [
  ['Huawai', 'Huawei Technologies Co., Ltd.'],
  ['Hauwei', 'Huawei Technologies Co., Ltd.'],
  ['Simens', 'Siemens Energy AG'],
  ['Siemans', 'Siemens Energy AG'],
  ['Seimens', 'Siemens Energy AG'],
  ['Simens Enrgy', 'Siemens Energy AG'],
  ['Microsft', 'Microsoft Corporation'],
  ['Mircosoft', 'Microsoft Corporation'],
  ['Volkswagon', 'Volkswagen AG'],
  ['Porshe', 'Porsche AG'],
  ['Mercedez', 'Mercedes-Benz Group AG'],
  ['Mercedes Bens', 'Mercedes-Benz Group AG'],
  ['Phillips', 'Koninklijke Philips N.V.'],
  ['Nestlee', 'Nestlé S.A.'],
  ['Neslte', 'Nestlé S.A.'],
  ['Unilver', 'Unilever plc'],
  ['Accentur', 'Accenture plc'],
  ['Acenture', 'Accenture plc'],
  ['Schnieder', 'Schneider Electric SE'],
  ['Shneider', 'Schneider Electric SE'],
  ['Tysen', 'Tyson Foods Inc.'],
  ['Thysenkrup', 'thyssenkrupp AG'],
  ['Thyssen Krupp', 'thyssenkrupp AG'],
  ['Bosh', 'Robert Bosch GmbH'],
  ['Boshc', 'Robert Bosch GmbH'],
  ['Samsumg', 'Samsung Electronics Co., Ltd.'],
  ['Sumsung', 'Samsung Electronics Co., Ltd.'],
  ['Tencet', 'Tencent Holdings Limited'],
  ['Tensent', 'Tencent Holdings Limited'],
  ['Alibabba', 'Alibaba Group'],
  ['Lenvo', 'Lenovo Group Ltd.'],
  ['Lenova', 'Lenovo Group Ltd.'],
  ['Xaomi', 'Xiaomi Corporation'],
  ['Bytdance', 'ByteDance Ltd.'],
  ['Glaxosmith', 'GlaxoSmithKline plc'],
  ['Glaxo Smith', 'GlaxoSmithKline plc'],
  ['Astrazenica', 'AstraZeneca plc'],
  ['Novaritis', 'Novartis AG'],
  ['Toyotta', 'Toyota Motor Corporation'],
  ['Mitsubshi', 'Mitsubishi Heavy Industries, Ltd.'],
  ['Hundai', 'Hyundai Motor Company'],
  ['Hyndai', 'Hyundai Motor Company'],
  ['Carefour', 'Carrefour S.A.'],
  ['Micheln', 'Michelin SCA'],
  ['Lufthanza', 'Deutsche Lufthansa AG'],
  ['Duetsche', 'Deutsche Lufthansa AG'],
  ['Deutche Lufthansa', 'Deutsche Lufthansa AG'],
  ['Conitnental', 'Continental AG'],
  ['Beiersdrof', 'Beiersdorf AG'],
  ['Caterpiller', 'Caterpillar Inc.'],
];
