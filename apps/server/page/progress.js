// How far the work is: the run that is computing now, else the one that waits.

const seconds = (value) => (value < 90 ? `${Math.max(1, Math.round(value))} s` : `${Math.round(value / 60)} min`);

/** How far a job is, in a line. */
export function following(job) {
  if (job.state === "queued") return job.ahead ? `waiting, ${job.ahead} ahead` : "waiting";
  const most = job.fits ? "up to " : "";
  const parts = [`picture ${Math.min(job.picture + 1, job.pictures)} of ${most}${job.pictures}`];
  if (job.all_evaluations) parts.push(`${Math.round(100 * job.progress)} %`);
  if (job.seconds_left != null) parts.push(`${most}${seconds(job.seconds_left)} left`);
  return parts.join(" · ");
}

/** Shows the progress of the runs' jobs in {box, bar, text}; hides it when none has one. */
export function showProgress({ box, bar, text }, runs) {
  const busy = runs.filter((run) => run?.busy);
  const jobs = busy.map((run) => run.job).filter(Boolean);
  const job = jobs.find((each) => each.state === "running") ?? jobs[0];
  box.hidden = busy.length === 0;
  if (!job) return;
  bar.value = job.progress;
  text.textContent = following(job);
}
