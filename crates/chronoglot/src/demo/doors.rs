//! One curl command for each further API: the same tables by the other vendors' requests, with the
//! root password that each vendor documents and an insecure server takes.

/// The commands, with what each does.
pub(crate) fn commands(url: &str, database: &str) -> [(&'static str, String); 5] {
    const JSON: &str = "-H 'Content-Type: application/json'";
    let tdengine = "SELECT meter, LAST(power), MAX(power) FROM readings GROUP BY meter ORDER BY meter LIMIT 3";
    let iotdb = "SELECT date_bin(6h, ts) AS quarter, max(power) FROM readings GROUP BY 1 ORDER BY 1";
    let starrocks = "SELECT city, count(*) AS customers FROM customers GROUP BY city ORDER BY customers DESC";
    [
        ("TDengine", format!("curl -u root:taosdata -d '{tdengine}' '{url}/rest/sql/{database}'")),
        (
            "IoTDB",
            format!(
                "curl -u root:root {JSON} -d '{{\"database\":\"{database}\",\"sql\":\"{iotdb}\"}}' \
                 '{url}/rest/table/v1/query'"
            ),
        ),
        (
            "StarRocks",
            format!(
                "curl -u root: {JSON} -d '{{\"query\":\"{starrocks}\"}}' \
                 '{url}/api/v1/catalogs/default_catalog/databases/{database}/sql'"
            ),
        ),
        (
            "InfluxDB, a row for the same table",
            format!("curl -u root:root --data-binary 'readings,meter=M001 power=1310.5' '{url}/write?db={database}'"),
        ),
        (
            "OpenTSDB, a metric of its own",
            format!(
                "curl {JSON} -d '{{\"metric\":\"sys.cpu.user\",\"timestamp\":1714979289,\"value\":42.5,\
                 \"tags\":{{\"host\":\"web01\"}}}}' '{url}/api/put?db={database}'"
            ),
        ),
    ]
}
