//! Any schema, any value that fits it: what arrives is what was sent, and half of it is refused.

use std::time::Duration;

use proptest::prelude::*;
use streamlib_bridge::codec::{decode_any, decode_frame, encode_any, encode_frame, NoHandles, Reader};
use streamlib_bridge::connection::{Connection, Event};
use streamlib_bridge::schema::Schema;
use streamlib_bridge::value::{Value, ValueSink};

/// A type as JSON, with a strategy for values of it. Textures and buffers need a connection: see conformance.rs.
fn typed() -> impl Strategy<Value = (serde_json::Value, BoxedStrategy<Value>)> {
    use serde_json::json;
    let scalar = prop_oneof![
        Just((json!("Int32"), any::<i32>().prop_map(|n| Value::Int(n.into())).boxed())),
        Just((json!("Int64"), any::<i64>().prop_map(Value::Int).boxed())),
        Just((json!("UInt32"), any::<u32>().prop_map(|n| Value::UInt(n.into())).boxed())),
        Just((json!("UInt64"), any::<u64>().prop_map(Value::UInt).boxed())),
        Just((json!("Float32"), any::<f32>().prop_map(|n| Value::Float(n.into())).boxed())),
        Just((json!("Float64"), any::<f64>().prop_map(Value::Float).boxed())),
        Just((json!("Bool"), any::<bool>().prop_map(Value::Bool).boxed())),
        Just((json!("String"), any::<String>().prop_map(Value::String).boxed())),
        Just((json!("Bytes"), any::<Vec<u8>>().prop_map(Value::Bytes).boxed())),
        Just((
            json!({"Enum": ["up", "down"]}),
            prop_oneof!["up", "down"].prop_map(|s| Value::String(s.to_string())).boxed()
        )),
    ];
    scalar.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|(ty, values)| {
                (json!({ "Array": ty }), prop::collection::vec(values, 0..4).prop_map(Value::Array).boxed())
            }),
            inner.clone().prop_filter("no Optional of an Optional", |(ty, _)| ty.get("Optional").is_none()).prop_map(
                |(ty, values)| { (json!({ "Optional": ty }), prop_oneof![Just(Value::Null), values].boxed()) }
            ),
            prop::collection::vec(inner, 1..4).prop_map(|fields| {
                let (types, values): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
                let list: Vec<_> =
                    types.iter().enumerate().map(|(i, ty)| json!({ "name": format!("f{i}"), "type": ty })).collect();
                let values = values
                    .prop_map(|v| {
                        Value::Dictionary(v.into_iter().enumerate().map(|(i, v)| (format!("f{i}"), v)).collect())
                    })
                    .boxed();
                (json!({ "Struct": list }), values)
            }),
        ]
    })
}

fn frames() -> impl Strategy<Value = (Schema, Value)> {
    typed().prop_flat_map(|(ty, values)| {
        let json = serde_json::json!({ "name": "T", "fields": [{ "name": "value", "type": ty }] });
        let schema = Schema::from_value(&json).expect("a valid schema");
        values.prop_map(move |v| (schema.clone(), Value::dictionary([("value", v)])))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn frames_of_any_schema((schema, value) in frames()) {
        let mut bytes = Vec::new();
        encode_frame(&schema, &&value, &mut bytes, &mut NoHandles).unwrap();
        let mut reader = Reader::new(&bytes);
        let back = decode_frame(&schema, &mut reader, &mut ValueSink, &mut NoHandles).unwrap();
        reader.finish().unwrap();
        prop_assert_eq!(&back, &value);
        for n in 0..bytes.len() {
            prop_assert!(decode_frame(&schema, &mut Reader::new(&bytes[..n]), &mut ValueSink, &mut NoHandles).is_err());
        }
        prop_assert_eq!(Schema::from_json(&schema.to_json()).unwrap(), schema);
    }

    #[test]
    fn frames_over_a_connection((schema, value) in frames()) {
        let (a, b) = Connection::pair().unwrap();
        a.define_ports(vec![], vec![("out".into(), schema.clone())]).unwrap();
        b.define_ports(vec![("in".into(), schema)], vec![]).unwrap();
        a.send_frame(0, 1, &&value).unwrap();
        let back = loop {
            match b.receive(&mut ValueSink, &mut Vec::new()).unwrap() {
                Some(Event::Frame { value, .. }) => break value,
                Some(other) => panic!("{other:?}"),
                None => prop_assert!(b.wait(false, Some(Duration::from_secs(5))).unwrap(), "nothing came"),
            }
        };
        prop_assert_eq!(back, value);
    }

    #[test]
    fn control_messages((_, value) in frames()) {
        let mut bytes = Vec::new();
        encode_any(&&value, &mut bytes).unwrap();
        let back = decode_any(&mut Reader::new(&bytes), &mut ValueSink, &mut NoHandles).unwrap();
        prop_assert_eq!(back, value);
    }

    #[test]
    fn noise_is_refused_or_read_but_never_more(bytes in prop::collection::vec(any::<u8>(), 0..200), (schema, _) in frames()) {
        let _ = decode_any(&mut Reader::new(&bytes), &mut ValueSink, &mut NoHandles);
        let _ = decode_frame(&schema, &mut Reader::new(&bytes), &mut ValueSink, &mut NoHandles);
    }
}
