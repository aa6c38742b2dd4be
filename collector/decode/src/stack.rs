//! Reading a stack trace as Java prints it: who caused it and where our own code stood. .NET's frames fit too.

/// One throwable of a stack trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cause<'a> {
    /// Class name.
    pub(crate) class: &'a str,
    /// First line of what it says.
    pub(crate) message: Option<&'a str>,
}

const CAUSED_BY: &str = "Caused by: ";
/// .NET names all inner exceptions first, each behind an arrow, then their frames from the inside out.
const INNER: &str = " ---> ";
const INNER_END: &str = "--- End of inner exception stack trace ---";

/// Packages of frameworks and runtimes: a failure is told apart by the first frame that is in none of them.
const FRAMEWORKS: &[&str] = &[
    "org.springframework.",
    "org.apache.",
    "java.",
    "javax.",
    "jakarta.",
    "jdk.",
    "sun.",
    "com.sun.",
    "reactor.",
    "kotlin.",
    "kotlinx.",
    "scala.",
    "akka.",
    "groovy.",
    "io.smallrye.",
    "io.quarkus.",
    "io.vertx.",
    "io.netty.",
    "io.micrometer.",
    "io.opentelemetry.",
    "io.confluent.",
    "io.debezium.",
    "io.micronaut.",
    "io.github.resilience4j.",
    "com.fasterxml.",
    "tools.jackson.",
    "com.google.",
    "com.rabbitmq.",
    "com.zaxxer.",
    "org.hibernate.",
    "org.jboss.",
    "org.postgresql.",
    "org.slf4j.",
    "org.aopalliance.",
    "org.aspectj.",
    "net.bytebuddy.",
    "okhttp3.",
    "feign.",
    "brave.",
    "System.",
    "Microsoft.",
    "Confluent.Kafka.",
    "MassTransit.",
    "NServiceBus.",
    "Rebus.",
    "RabbitMQ.",
    "Azure.",
    "Amazon.",
];

/// The innermost cause: what stands behind the last `Caused by:` at the beginning of a line, or behind .NET's last arrow;
/// `None` without one. Those of suppressed exceptions are indented and do not count.
pub(crate) fn deepest_cause(stack: &str) -> Option<Cause<'_>> {
    let section = deepest_section(stack)?;
    let cause = cause(section.strip_prefix(CAUSED_BY).unwrap_or(section));
    is_class(cause.class).then_some(cause)
}

/// The outermost throwable of a trace, which stands in its first line.
pub(crate) fn thrown(stack: &str) -> Option<Cause<'_>> {
    Some(cause(stack)).filter(|cause| is_class(cause.class))
}

/// Splits `Throwable.toString()`: class, and the first line of the message.
pub(crate) fn cause(text: &str) -> Cause<'_> {
    let line = text.trim().lines().next().unwrap_or_default();
    let (class, message) = line.split_once(": ").unwrap_or((line.trim_end_matches(':'), ""));
    let message = Some(message.trim()).filter(|message| !message.is_empty());
    if is_class(class) { Cause { class, message } } else { Cause { class: line, message: None } }
}

/// Class and method of the first frame of our own code in the innermost cause, else in the whole trace.
pub(crate) fn own_frame(stack: &str) -> Option<&str> {
    deepest_section(stack).and_then(first_own).or_else(|| first_own(stack))
}

/// File and line of that frame where the trace has them (`OrderPlacedListener.java:58`), else its class and method.
pub fn own_place(stack: &str) -> Option<&str> {
    let line = deepest_section(stack).and_then(first_own_line).or_else(|| first_own_line(stack))?;
    let place = line.rsplit_once('(').and_then(|(_, rest)| rest.trim_end().strip_suffix(')'));
    place.filter(|place| place.contains(':') && !place.contains(char::is_whitespace)).or_else(|| frame(line))
}

fn first_own(text: &str) -> Option<&str> {
    first_own_line(text).and_then(frame)
}

fn first_own_line(text: &str) -> Option<&str> {
    let own = |line: &&str| frame(line).is_some_and(|frame| !FRAMEWORKS.iter().any(|prefix| frame.starts_with(prefix)));
    text.lines().find(own)
}

fn deepest_section(stack: &str) -> Option<&str> {
    caused_by(stack).or_else(|| inner(stack))
}

fn inner(stack: &str) -> Option<&str> {
    let (nested, _) = stack.split_once(INNER_END)?;
    let (_, innermost) = nested.rsplit_once(INNER)?;
    // Of several that happened side by side.
    let labelled = innermost.strip_prefix("(Inner Exception #").and_then(|rest| rest.split_once(") "));
    Some(labelled.map_or(innermost, |(_, exception)| exception))
}

fn caused_by(stack: &str) -> Option<&str> {
    let begins = |at: &usize| *at == 0 || stack.as_bytes().get(at - 1) == Some(&b'\n');
    let start = stack.rmatch_indices(CAUSED_BY).map(|(at, _)| at).find(begins)?;
    stack.get(start..)
}

/// `java.base/java.lang.Thread.run(Thread.java:840)` behind `at `, without module, class loader, file and line.
fn frame(line: &str) -> Option<&str> {
    let call = line.trim_start().strip_prefix("at ")?;
    let method = call.split('(').next().unwrap_or_default().trim();
    let method = method.rsplit('/').next().unwrap_or_default();
    method.contains('.').then_some(method)
}

fn is_class(text: &str) -> bool {
    let letters = text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$' | b'/' | b':' | b'+') || !b.is_ascii());
    !text.is_empty() && text.len() <= 256 && letters && !text.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TRACE: &str = "org.springframework.kafka.listener.ListenerExecutionFailedException: Listener failed\n\
        \tat org.springframework.kafka.listener.X.invoke(X.java:1)\n\
        \tSuppressed: shop.Noise: closed\n\
        \tCaused by: shop.Deeper: noise\n\
        Caused by: java.lang.IllegalStateException: cannot price parcel\n\
        \tat com.shop.Pricing.price(Pricing.java:42)\n\
        \tat com.shop.Orders.on(Orders.java:17)\n\
        \t... 11 more\n\
        Caused by: java.lang.IllegalArgumentException: tariff code 'XX': unknown\n\
        \tat java.base/java.util.Objects.check(Objects.java:9)\n\
        \tat app//com.shop.Tariff.lambda$find$0(Tariff.java:7)\n\
        \t... 12 more\n";

    #[test]
    fn the_innermost_cause_counts() {
        let cause = deepest_cause(TRACE).unwrap();
        assert_eq!(
            (cause.class, cause.message),
            ("java.lang.IllegalArgumentException", Some("tariff code 'XX': unknown"))
        );
        assert_eq!(own_frame(TRACE), Some("com.shop.Tariff.lambda$find$0"));
        assert_eq!(own_place(TRACE), Some("Tariff.java:7"));
        assert_eq!(thrown(TRACE).unwrap().message, Some("Listener failed"));
    }

    #[test]
    fn traces_without_cause_or_own_code() {
        let alone = "shop.Broken\r\n\tat shop.Orders.on(Orders.java:17)\r\n";
        assert_eq!(deepest_cause(alone), None);
        assert_eq!(thrown(alone), Some(Cause { class: "shop.Broken", message: None }));
        assert_eq!(own_frame(alone), Some("shop.Orders.on"));
        assert_eq!(own_frame("java.lang.Error\n\tat java.lang.Thread.run(Thread.java:1)"), None);
        assert_eq!(thrown("Traceback (most recent call last):"), None);
        let net =
            "System.Exception: no\n   at System.Linq.First()\n   at Shop.Pricing.Price(Order o) in /src/P.cs:line 3";
        assert_eq!(own_frame(net), Some("Shop.Pricing.Price"));
        assert_eq!(own_place(net), Some("Shop.Pricing.Price"));
    }

    #[test]
    fn the_innermost_cause_of_dotnet() {
        let own = Cause { class: "Shop.Tariffs+Unknown", message: Some("tariff XX") };
        let end = "   --- End of inner exception stack trace ---\r\n   at Shop.Pricing.Price(Order o)\r\n";
        let frames =
            format!("   at System.Collections.Generic.List`1.get_Item()\r\n   at Shop.Tariffs.Find()\r\n{end}{end}");
        let core = format!(
            "System.AggregateException: several\r\n ---> System.InvalidOperationException: no price\r\n \
             ---> Shop.Tariffs+Unknown: tariff XX\r\n{frames}"
        );
        let framework = format!(
            "System.AggregateException: several ---> (Inner Exception #0) Shop.Tariffs+Unknown: tariff XX\r\n{frames}"
        );
        for trace in [core, framework] {
            assert_eq!(deepest_cause(&trace), Some(own));
            assert_eq!(own_frame(&trace), Some("Shop.Tariffs.Find"));
            assert_eq!(thrown(&trace).unwrap().class, "System.AggregateException");
        }
        assert_eq!(deepest_cause("System.Exception: a ---> b\n   at Shop.Orders.On()"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(Caused by: | ---> |--- End of inner exception stack trace ---|\\tat |\\n|\\PC|\\.|/|\\(){0,30}") {
            let _ = (deepest_cause(&text), own_frame(&text), own_place(&text), thrown(&text));
        }
    }
}
