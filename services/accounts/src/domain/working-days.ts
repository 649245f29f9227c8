// 工作日: by which calendar the working days of accounts are counted, until a calendar is published for them.
import type { Calendar } from '@kams/methods/calendar';

const office = [{ start: '09:00', end: '18:00' }];

/** Monday to Friday, by the clocks of Shanghai. It knows no public holidays: what is due over them is due early, never late. */
export const workingDays: Calendar = {
  name: 'Office',
  zone: 'Asia/Shanghai',
  weekly: { monday: office, tuesday: office, wednesday: office, thursday: office, friday: office, saturday: [], sunday: [] },
  overrides: [],
};
