// The link that says why leads to the sign-in page; nobody should have to click it.
location.assign(document.querySelector("a[href^='/sign-in?why=']") ?? "/sign-in");
