// Calendars that more than one test asks.
import type { Calendar } from '../src/calendar';

export const HOUR = 3_600_000;
export const MINUTE = 60_000;

type Intervals = Calendar['weekly']['monday'];

/** `hours('09:00-12:00', '13:30-18:00')` */
export const hours = (...texts: string[]): Intervals => texts.map((text) => ({ start: text.slice(0, 5), end: text.slice(6) }));

/** The same hours on the days named, closed on the others. */
export const week = (zone: string, open: Intervals, ...days: (keyof Calendar['weekly'])[]): Calendar => {
  const on = (day: keyof Calendar['weekly']) => (days.includes(day) ? open : []);
  return {
    name: 'Service desk',
    zone,
    weekly: {
      monday: on('monday'),
      tuesday: on('tuesday'),
      wednesday: on('wednesday'),
      thursday: on('thursday'),
      friday: on('friday'),
      saturday: on('saturday'),
      sunday: on('sunday'),
    },
    overrides: [],
  };
};

export const workdays = (zone: string, ...open: string[]): Calendar =>
  week(zone, hours(...open), 'monday', 'tuesday', 'wednesday', 'thursday', 'friday');

export const daily = (zone: string, ...open: string[]): Calendar =>
  week(zone, hours(...open), 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday');

const springFestival = Array.from({ length: 9 }, (_, at) => ({ date: `2026-02-${15 + at}`, open: [], reason: '春节' }));
const makeUp = ['2026-02-14', '2026-02-28'].map((date) => ({
  date,
  open: hours('09:00-12:00', '13:30-18:00'),
  reason: '春节调休',
}));

/** As it was before the State Council published the holidays of the year. */
export const unannounced = workdays('Asia/Shanghai', '09:00-12:00', '13:30-18:00');
export const china2026: Calendar = { ...unannounced, overrides: [...springFestival, ...makeUp] };
export const withoutMakeUpDays: Calendar = { ...unannounced, overrides: springFestival };
