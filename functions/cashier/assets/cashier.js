// Makes the cashier comfortable. Everything works without it, up to the channel's page.
(() => {
  'use strict';
  const { home, stage, now } = document.body.dataset;
  if (!home) return;

  // Back: what is on the screen may be old. The page says how the order stands, and asks before it acts.
  const again = () => location.replace(`${home}?back=1`);
  addEventListener('pageshow', (event) => {
    if (event.persisted) again();
  });
  const [arrival] = performance.getEntriesByType('navigation');
  const cameBack = arrival !== undefined && arrival.type === 'back_forward';
  if (cameBack && !new URLSearchParams(location.search).has('back')) {
    again();
    return;
  }

  // Whatever was pressed leads on: from then on the page goes nowhere by itself, or the browser would forget where the
  // answer leads.
  let pressed = false;

  // One press, one request: the buttons are off until there is an answer.
  for (const form of document.querySelectorAll('form[data-once]')) {
    form.addEventListener('submit', (event) => {
      if (form.dataset.sent) {
        event.preventDefault();
        return;
      }
      form.dataset.sent = 'yes';
      pressed = true;
      for (const button of document.querySelectorAll('button')) {
        button.setAttribute('aria-busy', 'true');
        // After the browser has read the form.
        setTimeout(() => { button.disabled = true; }, 0);
      }
    });
  }

  // The deadline, by the server's clock: its time is that of the moment at which the answer came.
  const heard = arrival ? performance.timeOrigin + arrival.responseStart : Date.now();
  const skew = Number(now) - heard;
  const clock = document.getElementById('countdown');
  if (clock) {
    clock.parentElement.hidden = false;
    const until = Number(clock.dataset.until);
    const two = (count) => String(count).padStart(2, '0');
    const tick = () => {
      const left = Math.max(0, Math.floor((until - Date.now() - skew) / 1000));
      const hours = Math.floor(left / 3600);
      const rest = `${two(Math.floor(left / 60) % 60)}:${two(left % 60)}`;
      clock.textContent = hours > 0 ? `${two(hours)}:${rest}` : rest;
      clock.parentElement.classList.toggle('soon', left < 120);
      const choices = document.getElementById('pay');
      const over = left === 0 || (choices && Date.now() + skew >= Number(choices.dataset.beginBy));
      if (over) {
        clearInterval(ticking);
        end();
        setTimeout(() => {
          if (!pressed) location.replace(home);
        }, 1500);
      }
    };
    // Nothing on the page leads to a payment any more. How the order stands is the next page's to say.
    const end = () => {
      document.body.classList.add('ended');
      for (const button of document.querySelectorAll('main button')) button.disabled = true;
      for (const way of document.querySelectorAll('.code, .go-on, #leave, #choose-other')) way.remove();
      clock.parentElement.hidden = true;
      const word = document.getElementById('time-is-up');
      if (word) word.hidden = false;
    };
    const ticking = setInterval(tick, 1000);
    tick();
  }

  // Looks again by itself, less and less often, and only while somebody may be watching.
  const pauses = [1, 1, 2, 2, 3, 5, 8, 13, 20, 30];
  let looks = 0;
  const look = async () => {
    if (document.hidden || pressed) return;
    try {
      const answer = await fetch(`${home}/status`, { cache: 'no-store' });
      if (answer.ok && (await answer.json()).stage !== stage && !pressed) {
        location.replace(`${home}?from=channel`);
        return;
      }
    } catch {
      // Silence says nothing; the next look may tell.
    }
    wait();
  };
  let waiting;
  const wait = () => {
    clearTimeout(waiting);
    const pause = pauses[Math.min(looks, pauses.length - 1)];
    looks += 1;
    waiting = setTimeout(look, pause * 1000);
  };
  if ('poll' in document.body.dataset) {
    wait();
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) {
        looks = 0;
        wait();
      }
    });
  }

  // On to the channel, in this window; or, once it is paid, to the merchant.
  const leave = document.querySelector('[data-leave]');
  if (leave instanceof HTMLFormElement) leave.submit();
  if (leave instanceof HTMLAnchorElement) location.replace(leave.href);
  const onward = document.getElementById('to-merchant');
  if (onward && 'goOn' in document.body.dataset) {
    setTimeout(() => { location.href = onward.href; }, 5000);
  }
})();
