// Asks whether the session is still there, which does not prolong it, and leaves for the sign-in
// page when it is not: an open tab must not go on showing a run after the session has ended.
if (!window.allocatorWatch) {
  const look = async () => {
    const answer = await fetch("/sign-in/state", {cache: "no-store"}).catch(() => null);
    if (answer && answer.status === 401) {
      const here = location.pathname + location.search;
      location.assign("/sign-in?why=ended&next=" + encodeURIComponent(here));
    }
  };
  window.allocatorWatch = setInterval(look, 3000);
  document.addEventListener("visibilitychange", () => document.hidden || look());
}
