//! What drivers of databases say, and strings that say where a database is.

use super::Kind::{Connection, Database, Trace};
use super::{Signature, row};

#[rustfmt::skip]
pub(super) const TABLE: &[Signature] = &[
    // libpq and the server behind it, whoever passes their words on.
    row("postgresql", Database, r#"connection to server (?:at|on socket) ""#),
    row("postgresql", Database, r"could not connect to server: [^\n]+\n\s*Is the server running"),
    row("postgresql", Database, r"DETAIL:\s+(?:Key \(|Failing row contains)"),
    row("postgresql", Database, r"Key \([^\n()]+\)=\([^\n]*\) (?:already exists|is not present in table|is still referenced|conflicts with)"),
    row("postgresql", Database, r"violates (?:foreign key|check|not-null|unique|exclusion) constraint"),
    row("postgresql", Database, r#"(?:relation "[^"\n]+"|column (?:"[^"\n]+"|\w+\.\w+)|function [\w.]+\([^\n()]*\)) does not exist"#),
    row("postgresql", Database, r#"(?:ERROR|FATAL):\s+(?:schema|type|role|database) ""#),
    row("postgresql", Database, r#"syntax error at (?:or near "|end of input)"#),
    row("postgresql", Database, r#"invalid input (?:syntax|value) for (?:type |enum )[\w ]+: ""#),
    row("postgresql", Database, r"FATAL:\s+(?:password authentication failed|no pg_hba\.conf entry|sorry, too many clients|remaining connection slots|the database system is)"),
    row("postgresql", Database, r#"(?:password|peer|ident) authentication failed for user ""#),
    row("postgresql", Database, r"server closed the connection unexpectedly"),
    row("postgresql", Database, r"current transaction is aborted, commands ignored"),
    row("postgresql", Database, r"\b(?:psycopg2?|asyncpg)\.(?:errors|exceptions|\w*Error)\b"),
    row("postgresql", Database, r"\bPG::\w+: |\bpq: \w|\bPSQLException\b|\bPostgresError\b"),
    // MySQL and MariaDB.
    row("mysql", Database, r"You have an error in your SQL syntax"),
    row("mysql", Database, r"Duplicate entry '[^\n]*' for key '"),
    row("mysql", Database, r"Access denied for user '[^\n']*'@'"),
    row("mysql", Database, r"Table '[^\n']+\.[^\n']+' doesn't exist|Unknown column '[^\n']+' in '|Unknown database '"),
    row("mysql", Database, r"Can't connect to (?:local )?(?:MySQL |MariaDB )?server (?:on '|through )|Lost connection to MySQL server|MySQL server has gone away"),
    row("mysql", Database, r"Cannot (?:add or update a child|delete or update a parent) row"),
    row("mysql", Database, r"\b(?:pymysql|MySQLdb|mysql\.connector|mariadb)\.\w*(?:Error|err)|\bMysql2::|\bER_[A-Z]+_[A-Z_]+: "),
    // SQLite.
    row("sqlite", Database, r"(?:UNIQUE|NOT NULL|FOREIGN KEY|CHECK) constraint failed"),
    row("sqlite", Database, r#"no such (?:table|column): \w|near "[^\n"]*": syntax error|unable to open database file"#),
    row("sqlite", Database, r"\bSQLITE_[A-Z]{4,}|\bsqlite3?\.\w*Error|\bSQLite3::"),
    // SQL Server.
    row("sqlserver", Database, r"Incorrect syntax near '|Unclosed quotation mark after|Invalid (?:object|column) name '|Login failed for user '"),
    row("sqlserver", Database, r#"Violation of (?:PRIMARY|UNIQUE) KEY constraint|Cannot insert duplicate key row in object|Cannot open database ""#),
    row("sqlserver", Database, r"\[Microsoft\]\[(?:ODBC|SQL)|\b(?:System\.Data|Microsoft\.Data)\.SqlClient\.|\bSQLServerException\b"),
    // Oracle.
    row("oracle", Database, r"\b(?:ORA|PLS|DPY|DPI)-\d{4,5}: "),
    // MongoDB.
    row("mongodb", Database, r"\bMongo\w*Error\b|\bpymongo\.errors\.|E11000 duplicate key error|<TopologyDescription id: |\bServerSelectionTimeoutError\b"),
    // Redis and Valkey.
    row("redis", Database, r"WRONGTYPE Operation against|NOAUTH Authentication required|WRONGPASS invalid username|MISCONF (?:Redis|Valkey) is configured"),
    row("redis", Database, r"\bredis\.exceptions\.|Error \d+ connecting to [\w.-]+:\d+|Error connecting to Redis"),
    // What stands between an application and a driver.
    row("sqlalchemy", Database, r"\bsqlalchemy\.exc\.|https://sqlalche\.me/|\[SQL: "),
    row("pdo", Database, r"SQLSTATE\[\w+\]|\bPDOException\b"),
    row("jdbc", Database, r"\bjdbc:\w+:|\bSQL(?:Syntax\w+|Integrity\w+|Transient\w+)?Exception\b|could not execute (?:statement|query)[;\[ ]"),
    row("hibernate", Database, r"\borg\.hibernate\.\w"),
    row("activerecord", Database, r"\bActiveRecord::[A-Z]\w+"),
    row("eloquent", Database, r"\bQueryException\b"),
    row("doctrine", Database, r"\bDoctrine\\\w+\\|An exception occurred while executing a query: "),
    row("prisma", Database, r"\bPrismaClient\w+Error\b|Invalid `?prisma\.\w+\.\w+\(\)`? invocation"),
    row("sequelize", Database, r"\bSequelize[A-Z]\w*Error\b"),
    row("typeorm", Database, r"\bQueryFailedError\b"),
    row("ecto", Database, r"\b(?:Postgrex|MyXQL|Ecto)\.\w*Error\b"),
    // Strings to connect with, and addresses that did not answer.
    row("connection_string", Connection, r#"\b(?:postgres(?:ql)?|mysql|mariadb|mongodb|rediss?|valkeys?|amqps?|mssql|sqlserver|oracle|clickhouse|cockroachdb|nats|ldaps?)(?:\+\w+)?://[^\s"'<>]+"#),
    row("connection_string", Connection, r#"\bhttps?://[^\s/"'<>:@]+:[^\s/"'<>@]+@[\w.-]+"#),
    row("connection_string", Connection, r"(?i)\b(?:server|data source|address|addr|host)\s*=\s*[\w.:,\\-]+;(?:[\w ]+=[^;\n<>()]*;)*\s*(?:password|pwd|user id|initial catalog)\s*=\s*[^;\s]"),
    row("connection_string", Connection, r"\b(?:host|hostaddr)=\S+ (?:\w+=\S+ )*(?:user|dbname|password)=\S"),
    row("errno", Connection, r"\[Errno -?\d+\] "),
    row("connection_refused", Connection, r"\b(?:ECONNREFUSED|ENOTFOUND|ETIMEDOUT|EHOSTUNREACH|ECONNRESET) (?:\d|\[|[\w-]+[.:])"),
    row("connection_refused", Connection, r"\bdial (?:tcp|udp|unix) [^\s:]+:|\bHTTPS?ConnectionPool\(host="),
    // A statement. The driver's own words are above: this alone may be what an answer is about.
    row("sql", Trace, r"\bSELECT [^\n]+ FROM [^\n]+ WHERE [^\n]*(?:=|\bIN\b|\bLIKE\b)|\bINSERT INTO [^\n]+ VALUES ?\(|\bUPDATE [^\n]+ SET [^\n]+=|\bDELETE FROM [^\n]+ WHERE "),
];
