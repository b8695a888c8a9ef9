// What pictures cost together at a budget: arithmetic on the points that the server's plans have.

/**
 * @typedef {{budget: number, seconds: number, loss_db: number, classes: {name: string, share: number}[]}} Point
 * @typedef {{width: number, height: number, seconds: number, points: Point[]}} Plan
 */

/** Whether a budget changes anything: the model has classes. */
export const hasChoice = (/** @type {Plan} */ plan) => (plan.points?.length ?? 0) > 1;

// The points by growing budgets; what takes nothing is no budget.
const sorted = (/** @type {Plan} */ plan) => plan.points.filter((p) => p.budget > 0).sort((a, b) => a.budget - b.budget);

/** What a picture takes at a budget in percent, between the points that are known; null is the server's own choice, the first point. */
export function at(/** @type {Plan} */ plan, /** @type {number | null} */ budget) {
  if (!hasChoice(plan)) return { seconds: plan.seconds, loss: plan.points?.[0]?.loss_db ?? 0, classes: plan.points?.[0]?.classes ?? [] };
  if (budget === null) return { seconds: plan.points[0].seconds, loss: plan.points[0].loss_db ?? 0, classes: plan.points[0].classes ?? [] };
  const points = sorted(plan);
  const after = points.findIndex((p) => p.budget >= budget);
  const a = points[after < 0 ? points.length - 1 : Math.max(0, after - 1)], b = points[after < 0 ? points.length - 1 : after];
  const share = b.budget > a.budget ? Math.min(1, Math.max(0, (budget - a.budget) / (b.budget - a.budget))) : 0;
  const mix = (x, y) => x + share * (y - x);
  return {
    seconds: mix(a.seconds, b.seconds),
    loss: mix(a.loss_db ?? 0, b.loss_db ?? 0),
    classes: (b.classes ?? []).map((c, i) => ({ name: c.name, share: mix(a.classes?.[i]?.share ?? 0, c.share) })),
  };
}

/** What pictures take together: the sum of seconds, and the mean of what is lost. */
export function together(/** @type {Plan[]} */ plans, /** @type {number | null} */ budget) {
  const each = plans.map((plan) => at(plan, budget));
  const choosing = each.filter((_, i) => hasChoice(plans[i]));
  return {
    seconds: each.reduce((sum, e) => sum + e.seconds, 0),
    loss: choosing.length ? choosing.reduce((sum, e) => sum + e.loss, 0) / choosing.length : 0,
  };
}

/** The budgets that can be chosen, in percent. */
export function range(/** @type {Plan[]} */ plans) {
  const budgets = plans.filter(hasChoice).flatMap((plan) => plan.points.map((p) => p.budget)).filter((b) => b > 0);
  if (!budgets.length) return null;
  return { least: Math.ceil(Math.min(...budgets)), most: Math.max(100, Math.ceil(Math.max(...budgets))) };
}

/** The budget in percent at which pictures take so many seconds at most, or lose no more than so many dB: seconds grow with the budget, the loss falls. */
export function budgetFor(/** @type {Plan[]} */ plans, /** @type {"percent" | "seconds" | "loss"} */ unit, /** @type {number} */ value) {
  const r = range(plans);
  if (!r || unit === "percent") return value;
  let { least: low, most: high } = r;
  for (let i = 0; i < 30; i++) {
    const middle = (low + high) / 2;
    const got = together(plans, middle);
    if (unit === "seconds" ? got.seconds <= value : got.loss > value) low = middle;
    else high = middle;
  }
  return Math.round(unit === "seconds" ? low * 10 : high * 10) / 10;
}
