import { describe, expect, it } from 'vitest';
import { complaint, LEAST, parse } from './support.js';

const REGION = 'regions.us-central1.hazard';

/** The least scenario with this hazard. */
const withHazard = (hazard: string): string => LEAST.replace('quota:', `hazard: ${hazard}, quota:`);

describe('a hazard that cannot be is refused, with its path', () => {
  it.each([
    ['0', '0'],
    ['-0.1', '-0.1'],
    ['1.05', '1.05'],
    ['105%', '"105%"'],
    ['.nan', 'NaN'],
  ])('an hourly survival of %s', (given, found) => {
    const text = withHazard(`{ constant: { hourlySurvival: ${given} } }`);
    const expected = 'expected a share above 0 and at most 1, such as 0.05 or 5%';
    expect(complaint(() => parse(text))).toBe(
      `x.yaml: ${REGION}.constant.hourlySurvival: found ${found}, ${expected}`,
    );
  });

  it('an hourly preemption of 100 %, which nothing survives', () => {
    const text = withHazard('{ constant: { hourlyPreemption: 100% } }');
    expect(complaint(() => parse(text))).toContain(`${REGION}.constant.hourlySurvival: found 0, expected`);
  });

  it('but survives at most for ever', () => {
    expect(parse(withHazard('{ constant: { hourlySurvival: 1 } }')).regions['us-central1']?.hazard).toEqual({
      constant: { hourlySurvival: 1 },
    });
  });

  it('an empty piecewise table', () => {
    expect(complaint(() => parse(withHazard('{ piecewise: [] }')))).toBe(
      `x.yaml: ${REGION}.piecewise: found an empty list, expected at least one { until, perHour }`,
    );
  });

  it.each(['-0.3', '-0.3/h'])('a negative rate of %s', (rate) => {
    const text = withHazard(`{ piecewise: [{ until: 15min, perHour: 0.3 }, { perHour: ${rate} }] }`);
    expect(complaint(() => parse(text))).toMatch(
      /^x\.yaml: regions\.us-central1\.hazard\.piecewise\[1\]\.perHour: found "?-0\.3(\/h")?, expected a rate of at least 0/,
    );
  });

  it('a negative age', () => {
    const text = withHazard('{ piecewise: [{ until: -15min, perHour: 0.3 }] }');
    expect(complaint(() => parse(text))).toContain(`${REGION}.piecewise[0].until: found "-15min", expected`);
  });

  it('a range of survivals beyond 1', () => {
    const text = withHazard('{ constant: { hourlySurvival: { value: 0.95, range: [0.7, 1.2] } } }');
    expect(complaint(() => parse(text))).toContain('hourlySurvival.range[1]: found 1.2, expected');
  });
});
