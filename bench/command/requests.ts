// The two commands that are sent, and the events that come of them.
export const AN_ACCOUNT = {
  profile: {
    name: 'Acme Corporation',
    legalName: 'Acme Corporation Ltd.',
    nameZh: '顶点股份有限公司',
    sector: 'technology',
    country: 'China',
    foundedYear: 1998,
    employees: 2_822,
    revenue: { minor: 1_250_000_000, currency: 'CNY', year: 2025 },
    website: 'https://www.example.com/',
  },
  ownerId: 'user-7',
  source: 'trade register',
};

export const aRating = (raw: number) => ({ code: 'influence', raw: String(raw), note: 'Chairs the trade association' });
